# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_wharf_global_optspecs
    string join \n a/all m/mine e/exposed p/project= s/sort= w/wide j/json probe watch color= h/help V/version
end

function __fish_wharf_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_wharf_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_wharf_using_subcommand
    set -l cmd (__fish_wharf_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c wharf -n "__fish_wharf_needs_command" -s p -l project -d 'Only what belongs to a project, or to this one' -r
complete -c wharf -n "__fish_wharf_needs_command" -s s -l sort -d 'Order of the rows' -r -f -a "importance\t'My projects, then mine, then the others\''
port\t'By port'
address\t'By address'
service\t'By what speaks there'
process\t'By process name'
project\t'By project'
user\t'By user'
since\t'The newest first'
exposure\t'The most exposed first'"
complete -c wharf -n "__fish_wharf_needs_command" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_needs_command" -s a -l all -d 'Also connections, UDP clients, and sockets that are bound but do not listen'
complete -c wharf -n "__fish_wharf_needs_command" -s m -l mine -d 'Only my own'
complete -c wharf -n "__fish_wharf_needs_command" -s e -l exposed -d 'Only what other machines may reach'
complete -c wharf -n "__fish_wharf_needs_command" -s w -l wide -d 'More columns: command line, folder, unit, image, backlog'
complete -c wharf -n "__fish_wharf_needs_command" -s j -l json -d 'One JSON document (wharf.endpoints/v1)'
complete -c wharf -n "__fish_wharf_needs_command" -l probe -d 'Ask each port what speaks there: a few harmless bytes, 300 ms at most, never a login'
complete -c wharf -n "__fish_wharf_needs_command" -l watch -d 'Redraw in place as things change'
complete -c wharf -n "__fish_wharf_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_needs_command" -s V -l version -d 'Print version'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "ls" -d 'List what listens on this machine, and who it is'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "list" -d 'List what listens on this machine, and who it is'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "show" -d 'Tell everything about one port, address or name'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "why" -d 'Tell why something cannot be reached, or an address cannot be bound, and what to do'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "free" -d 'Stop what has a port, at the level where it stays stopped, and prove that it is free'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "watch" -d 'Follow endpoints as they open, change and close'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "run" -d 'Run a program on its own port, on loopback only'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "ps" -d 'List the programs that run under wharf'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "stop" -d 'End a program that runs under wharf, and all that it started'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "logs" -d 'Print what a program in the background wrote'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "port" -d 'Print the port of a name, leasing one on first use'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "lease" -d 'List, remove or pin leases'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "route" -d 'List, add and remove routes: names that lead to what listens here'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "url" -d 'Print the URL of a name'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "open" -d 'Open the URL of a name in the browser'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "daemon" -d 'Keep leased ports while nothing runs; it is started by what needs it'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "trust" -d 'Let browsers and programs trust the certificates of the names here'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "untrust" -d 'Undo what trust did, and nothing else'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "names" -d 'Let programs find the names of services that browsers find by themselves'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "service" -d 'Start the daemon with the login, and give its router ports 80 and 443'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "api" -d 'Print what the daemon can be asked, as an OpenAPI document'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "guard" -d 'Stand guard over a run, which starts this for itself'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "inlet" -d 'Make sockets in the network of an isolated run, which starts this for itself'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "schema" -d 'Print the JSON Schema of a document'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "man" -d 'Write the manual pages into a folder'
complete -c wharf -n "__fish_wharf_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wharf -n "__fish_wharf_using_subcommand ls" -s p -l project -d 'Only what belongs to a project, or to this one' -r
complete -c wharf -n "__fish_wharf_using_subcommand ls" -s s -l sort -d 'Order of the rows' -r -f -a "importance\t'My projects, then mine, then the others\''
port\t'By port'
address\t'By address'
service\t'By what speaks there'
process\t'By process name'
project\t'By project'
user\t'By user'
since\t'The newest first'
exposure\t'The most exposed first'"
complete -c wharf -n "__fish_wharf_using_subcommand ls" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand ls" -s a -l all -d 'Also connections, UDP clients, and sockets that are bound but do not listen'
complete -c wharf -n "__fish_wharf_using_subcommand ls" -s m -l mine -d 'Only my own'
complete -c wharf -n "__fish_wharf_using_subcommand ls" -s e -l exposed -d 'Only what other machines may reach'
complete -c wharf -n "__fish_wharf_using_subcommand ls" -s w -l wide -d 'More columns: command line, folder, unit, image, backlog'
complete -c wharf -n "__fish_wharf_using_subcommand ls" -s j -l json -d 'One JSON document (wharf.endpoints/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand ls" -l probe -d 'Ask each port what speaks there: a few harmless bytes, 300 ms at most, never a login'
complete -c wharf -n "__fish_wharf_using_subcommand ls" -l watch -d 'Redraw in place as things change'
complete -c wharf -n "__fish_wharf_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand list" -s p -l project -d 'Only what belongs to a project, or to this one' -r
complete -c wharf -n "__fish_wharf_using_subcommand list" -s s -l sort -d 'Order of the rows' -r -f -a "importance\t'My projects, then mine, then the others\''
port\t'By port'
address\t'By address'
service\t'By what speaks there'
process\t'By process name'
project\t'By project'
user\t'By user'
since\t'The newest first'
exposure\t'The most exposed first'"
complete -c wharf -n "__fish_wharf_using_subcommand list" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand list" -s a -l all -d 'Also connections, UDP clients, and sockets that are bound but do not listen'
complete -c wharf -n "__fish_wharf_using_subcommand list" -s m -l mine -d 'Only my own'
complete -c wharf -n "__fish_wharf_using_subcommand list" -s e -l exposed -d 'Only what other machines may reach'
complete -c wharf -n "__fish_wharf_using_subcommand list" -s w -l wide -d 'More columns: command line, folder, unit, image, backlog'
complete -c wharf -n "__fish_wharf_using_subcommand list" -s j -l json -d 'One JSON document (wharf.endpoints/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand list" -l probe -d 'Ask each port what speaks there: a few harmless bytes, 300 ms at most, never a login'
complete -c wharf -n "__fish_wharf_using_subcommand list" -l watch -d 'Redraw in place as things change'
complete -c wharf -n "__fish_wharf_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand show" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand show" -s j -l json -d 'One JSON document (wharf.port/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand show" -l probe -d 'Ask the port what speaks there: a few harmless bytes, 300 ms at most, never a login'
complete -c wharf -n "__fish_wharf_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand why" -l bind -d 'Why this address cannot be bound: a port, or ADDRESS:PORT' -r
complete -c wharf -n "__fish_wharf_using_subcommand why" -l from -d 'As this process sees it: its network, user, environment and limits' -r
complete -c wharf -n "__fish_wharf_using_subcommand why" -l as -d 'As this user would see it: a name or number' -r
complete -c wharf -n "__fish_wharf_using_subcommand why" -l origin -d 'As a browser would from a page of this origin: CORS, Local Network Access, mixed content' -r
complete -c wharf -n "__fish_wharf_using_subcommand why" -l timeout -d 'Time for all of it, such as 500ms or 5s' -r
complete -c wharf -n "__fish_wharf_using_subcommand why" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand why" -s e -l explain -d 'Also each cause that was ruled out, how that is known, and how long everything took'
complete -c wharf -n "__fish_wharf_using_subcommand why" -l fix -d 'Offer the fixes that are safe, ask before each, and look again'
complete -c wharf -n "__fish_wharf_using_subcommand why" -s y -l yes -d 'With --fix: do what is safe without asking'
complete -c wharf -n "__fish_wharf_using_subcommand why" -l list -d 'List every cause that wharf knows'
complete -c wharf -n "__fish_wharf_using_subcommand why" -s j -l json -d 'One JSON document (wharf.diagnosis/v1; with --list wharf.causes/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand free" -l timeout -d 'Time that what has the port may take to end, such as 500ms or 10s' -r
complete -c wharf -n "__fish_wharf_using_subcommand free" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand free" -s n -l dry-run -d 'Say who has it and what would be done, and do nothing'
complete -c wharf -n "__fish_wharf_using_subcommand free" -s y -l yes -d 'Do it without asking'
complete -c wharf -n "__fish_wharf_using_subcommand free" -l no-input -d 'Never ask: without --yes nothing is done then, as where there is no terminal'
complete -c wharf -n "__fish_wharf_using_subcommand free" -s f -l force -d 'Kill what does not end in time, without asking a second time'
complete -c wharf -n "__fish_wharf_using_subcommand free" -s j -l json -d 'One JSON document (wharf.free/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand free" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand watch" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand watch" -s j -l json -d 'One JSON object a line (wharf.event/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand watch" -s a -l all -d 'Also sockets that are bound but do not listen'
complete -c wharf -n "__fish_wharf_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand run" -s n -l name -d 'Name of the service (otherwise that of its manifest, else of the directory)' -r
complete -c wharf -n "__fish_wharf_using_subcommand run" -s p -l port -d 'The port that this run gets, instead of the leased one' -r
complete -c wharf -n "__fish_wharf_using_subcommand run" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand run" -l host-visible -d 'Leave what it listens on open to other machines'
complete -c wharf -n "__fish_wharf_using_subcommand run" -l no-rewrite -d 'Let it have the ports that it asks for, also if that fails'
complete -c wharf -n "__fish_wharf_using_subcommand run" -l udp -d 'Also UDP: the ports that it binds are moved and closed to other machines, as those of TCP'
complete -c wharf -n "__fish_wharf_using_subcommand run" -l strict -d 'Deny what could get by wharf: io_uring, and ports that it cannot look into (Linux 6.7 or newer)'
complete -c wharf -n "__fish_wharf_using_subcommand run" -l link -d 'Let it reach its siblings at the ports that they ask for: each work tree its own 5432'
complete -c wharf -n "__fish_wharf_using_subcommand run" -l isolate -d 'Give it a network of its own: it is reached through wharf alone, has every port to itself, and reaches out by pasta'
complete -c wharf -n "__fish_wharf_using_subcommand run" -s d -l detach -d 'Run it in the background: wharf ps lists it, wharf logs prints what it writes, wharf stop ends it'
complete -c wharf -n "__fish_wharf_using_subcommand run" -s j -l json -d 'With --detach, one JSON document (wharf.runs/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand run" -l background -d 'Be what --detach starts'
complete -c wharf -n "__fish_wharf_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand ps" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand ps" -s j -l json -d 'One JSON document (wharf.runs/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand ps" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand stop" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand stop" -s n -l dry-run -d 'Say what would be ended, and end nothing'
complete -c wharf -n "__fish_wharf_using_subcommand stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand logs" -s n -l lines -d 'Only the last lines' -r
complete -c wharf -n "__fish_wharf_using_subcommand logs" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand logs" -s f -l follow -d 'Go on as it writes more, until it ends'
complete -c wharf -n "__fish_wharf_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand port" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand port" -s j -l json -d 'One JSON document (wharf.leases/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand port" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and not __fish_seen_subcommand_from ls list rm pin help" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand lease; and not __fish_seen_subcommand_from ls list rm pin help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and not __fish_seen_subcommand_from ls list rm pin help" -f -a "ls" -d 'List the leases'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and not __fish_seen_subcommand_from ls list rm pin help" -f -a "list" -d 'List the leases'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and not __fish_seen_subcommand_from ls list rm pin help" -f -a "rm" -d 'Give up every lease of a name'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and not __fish_seen_subcommand_from ls list rm pin help" -f -a "pin" -d 'Give a name a port for good'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and not __fish_seen_subcommand_from ls list rm pin help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from ls" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from ls" -s j -l json -d 'One JSON document (wharf.leases/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from list" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from list" -s j -l json -d 'One JSON document (wharf.leases/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from rm" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from pin" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from pin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List the leases'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Give up every lease of a name'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from help" -f -a "pin" -d 'Give a name a port for good'
complete -c wharf -n "__fish_wharf_using_subcommand lease; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wharf -n "__fish_wharf_using_subcommand route; and not __fish_seen_subcommand_from ls list add rm log help" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand route; and not __fish_seen_subcommand_from ls list add rm log help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand route; and not __fish_seen_subcommand_from ls list add rm log help" -f -a "ls" -d 'List the routes: which name leads where'
complete -c wharf -n "__fish_wharf_using_subcommand route; and not __fish_seen_subcommand_from ls list add rm log help" -f -a "list" -d 'List the routes: which name leads where'
complete -c wharf -n "__fish_wharf_using_subcommand route; and not __fish_seen_subcommand_from ls list add rm log help" -f -a "add" -d 'Add a route from a name to what listens somewhere on this machine'
complete -c wharf -n "__fish_wharf_using_subcommand route; and not __fish_seen_subcommand_from ls list add rm log help" -f -a "rm" -d 'Remove what was added for a name'
complete -c wharf -n "__fish_wharf_using_subcommand route; and not __fish_seen_subcommand_from ls list add rm log help" -f -a "log" -d 'Print the last requests, a line each'
complete -c wharf -n "__fish_wharf_using_subcommand route; and not __fish_seen_subcommand_from ls list add rm log help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from ls" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from ls" -s j -l json -d 'One JSON document (wharf.routes/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from list" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from list" -s j -l json -d 'One JSON document (wharf.routes/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from add" -l path -d 'Only for this path and all below it' -r
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from add" -l pid -d 'Remove the route when this process ends' -r
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from add" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from add" -l strip -d 'Do not tell the upstream that part of the path'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from add" -l wildcard -d 'Also for every name below this one'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from add" -l tcp -d 'Not HTTP: pass every connection on as it is, from an address that its project has for itself'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from add" -s j -l json -d 'One JSON document (wharf.routes/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from rm" -l path -d 'Only of this path' -r
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from rm" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from log" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from log" -s f -l follow -d 'Go on with those that come'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from log" -s j -l json -d 'A JSON document a line'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List the routes: which name leads where'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a route from a name to what listens somewhere on this machine'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Remove what was added for a name'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from help" -f -a "log" -d 'Print the last requests, a line each'
complete -c wharf -n "__fish_wharf_using_subcommand route; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wharf -n "__fish_wharf_using_subcommand url" -l wait -d 'Wait until it listens, for so long at most: 30s, 2m' -r
complete -c wharf -n "__fish_wharf_using_subcommand url" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand url" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand open" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand open" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and not __fish_seen_subcommand_from run start status stop restart adopt-ports help" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and not __fish_seen_subcommand_from run start status stop restart adopt-ports help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and not __fish_seen_subcommand_from run start status stop restart adopt-ports help" -f -a "run" -d 'Be the daemon, in the foreground (as without a word)'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and not __fish_seen_subcommand_from run start status stop restart adopt-ports help" -f -a "start" -d 'Start it in the background, if it does not run'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and not __fish_seen_subcommand_from run start status stop restart adopt-ports help" -f -a "status" -d 'Tell of it, and of the ports that it keeps'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and not __fish_seen_subcommand_from run start status stop restart adopt-ports help" -f -a "stop" -d 'End it; runs go on'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and not __fish_seen_subcommand_from run start status stop restart adopt-ports help" -f -a "restart" -d 'Let it go on as this program; runs and ports are not disturbed'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and not __fish_seen_subcommand_from run start status stop restart adopt-ports help" -f -a "adopt-ports" -d 'Hand it the sockets that systemd has opened, and last as long as it does'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and not __fish_seen_subcommand_from run start status stop restart adopt-ports help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from run" -l inherited -d 'Descriptor by which the program before this one hands everything over' -r
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from run" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from run" -l settle -d 'Leave the session of the one who started it'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from start" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from start" -l no-wait -d 'Do not wait until it can be reached'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from status" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from status" -s j -l json -d 'One JSON document (wharf.daemon/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from stop" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from restart" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from restart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from adopt-ports" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from adopt-ports" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from help" -f -a "run" -d 'Be the daemon, in the foreground (as without a word)'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from help" -f -a "start" -d 'Start it in the background, if it does not run'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from help" -f -a "status" -d 'Tell of it, and of the ports that it keeps'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from help" -f -a "stop" -d 'End it; runs go on'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from help" -f -a "restart" -d 'Let it go on as this program; runs and ports are not disturbed'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from help" -f -a "adopt-ports" -d 'Hand it the sockets that systemd has opened, and last as long as it does'
complete -c wharf -n "__fish_wharf_using_subcommand daemon; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wharf -n "__fish_wharf_using_subcommand trust" -l system -d 'Only the system\'s store, as root, for the certificate of this file' -r -F
complete -c wharf -n "__fish_wharf_using_subcommand trust" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand trust" -s n -l dry-run -d 'Say what would be done, and change nothing'
complete -c wharf -n "__fish_wharf_using_subcommand trust" -s j -l json -d 'One JSON document (wharf.trust/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand trust" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand untrust" -l system -d 'Only the system\'s store, as root, for the certificate of this file' -r -F
complete -c wharf -n "__fish_wharf_using_subcommand untrust" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand untrust" -s n -l dry-run -d 'Say what would be done, and change nothing'
complete -c wharf -n "__fish_wharf_using_subcommand untrust" -s j -l json -d 'One JSON document (wharf.trust/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand untrust" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand names; and not __fish_seen_subcommand_from ls install uninstall status help" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand names; and not __fish_seen_subcommand_from ls install uninstall status help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand names; and not __fish_seen_subcommand_from ls install uninstall status help" -f -a "ls" -d 'List the host names of my services, one a line'
complete -c wharf -n "__fish_wharf_using_subcommand names; and not __fish_seen_subcommand_from ls install uninstall status help" -f -a "install" -d 'Write the names that are not found by themselves into /etc/hosts, in a block of their own'
complete -c wharf -n "__fish_wharf_using_subcommand names; and not __fish_seen_subcommand_from ls install uninstall status help" -f -a "uninstall" -d 'Take the block out of /etc/hosts; nothing else there changes'
complete -c wharf -n "__fish_wharf_using_subcommand names; and not __fish_seen_subcommand_from ls install uninstall status help" -f -a "status" -d 'Tell which names there are, and how each is found'
complete -c wharf -n "__fish_wharf_using_subcommand names; and not __fish_seen_subcommand_from ls install uninstall status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from ls" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from install" -l for-user -d 'Whose block it is: a name or number (otherwise who asks, also by sudo)' -r
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from install" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from install" -l force -d 'Also names that are found by themselves'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from install" -s n -l dry-run -d 'Show what would change, and change nothing'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from install" -s j -l json -d 'One JSON document (wharf.names/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from uninstall" -l for-user -d 'Whose block it is: a name or number (otherwise who asks, also by sudo)' -r
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from uninstall" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from uninstall" -s n -l dry-run -d 'Show what would change, and change nothing'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from uninstall" -s j -l json -d 'One JSON document (wharf.names/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from uninstall" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from status" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from status" -s j -l json -d 'One JSON document (wharf.names/v1)'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List the host names of my services, one a line'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from help" -f -a "install" -d 'Write the names that are not found by themselves into /etc/hosts, in a block of their own'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from help" -f -a "uninstall" -d 'Take the block out of /etc/hosts; nothing else there changes'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from help" -f -a "status" -d 'Tell which names there are, and how each is found'
complete -c wharf -n "__fish_wharf_using_subcommand names; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wharf -n "__fish_wharf_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status help" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status help" -f -a "install" -d 'Start the daemon with my login, and give its router ports 80 and 443 of loopback'
complete -c wharf -n "__fish_wharf_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status help" -f -a "uninstall" -d 'Undo all that'
complete -c wharf -n "__fish_wharf_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status help" -f -a "status" -d 'Tell what is installed, and whether the ports can be had'
complete -c wharf -n "__fish_wharf_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from install" -l user -d 'Whose daemon gets the ports: a name or number' -r
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from install" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from install" -l sysctl -d 'Let every user\'s programs open ports from 80 on, instead of sockets from systemd'
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from install" -l system -d 'As root: only what takes root, for --user'
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from install" -s n -l dry-run -d 'Show what would be done, and do nothing'
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from uninstall" -l user -d 'Whose daemon had the ports: a name or number' -r
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from uninstall" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from uninstall" -l system -d 'As root: only what takes root, for --user'
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from uninstall" -s n -l dry-run -d 'Show what would be done, and do nothing'
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from uninstall" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from status" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from help" -f -a "install" -d 'Start the daemon with my login, and give its router ports 80 and 443 of loopback'
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from help" -f -a "uninstall" -d 'Undo all that'
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from help" -f -a "status" -d 'Tell what is installed, and whether the ports can be had'
complete -c wharf -n "__fish_wharf_using_subcommand service; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wharf -n "__fish_wharf_using_subcommand api" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand api" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand guard" -l log -d 'Where the output of the program is kept' -r -F
complete -c wharf -n "__fish_wharf_using_subcommand guard" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand guard" -l strict -d 'Let nothing listen'
complete -c wharf -n "__fish_wharf_using_subcommand guard" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand inlet" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand inlet" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand schema" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand completions" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand man" -l color -d 'When to colour the output; NO_COLOR and FORCE_COLOR are respected' -r -f -a "auto\t'On a terminal that can'
always\t'In any case'
never\t'In no case'"
complete -c wharf -n "__fish_wharf_using_subcommand man" -l causes -d 'Those of the causes that `wharf why` knows, instead of those of the commands'
complete -c wharf -n "__fish_wharf_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "ls" -d 'List what listens on this machine, and who it is'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "show" -d 'Tell everything about one port, address or name'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "why" -d 'Tell why something cannot be reached, or an address cannot be bound, and what to do'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "free" -d 'Stop what has a port, at the level where it stays stopped, and prove that it is free'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "watch" -d 'Follow endpoints as they open, change and close'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "run" -d 'Run a program on its own port, on loopback only'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "ps" -d 'List the programs that run under wharf'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "stop" -d 'End a program that runs under wharf, and all that it started'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "logs" -d 'Print what a program in the background wrote'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "port" -d 'Print the port of a name, leasing one on first use'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "lease" -d 'List, remove or pin leases'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "route" -d 'List, add and remove routes: names that lead to what listens here'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "url" -d 'Print the URL of a name'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "open" -d 'Open the URL of a name in the browser'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "daemon" -d 'Keep leased ports while nothing runs; it is started by what needs it'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "trust" -d 'Let browsers and programs trust the certificates of the names here'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "untrust" -d 'Undo what trust did, and nothing else'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "names" -d 'Let programs find the names of services that browsers find by themselves'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "service" -d 'Start the daemon with the login, and give its router ports 80 and 443'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "api" -d 'Print what the daemon can be asked, as an OpenAPI document'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "guard" -d 'Stand guard over a run, which starts this for itself'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "inlet" -d 'Make sockets in the network of an isolated run, which starts this for itself'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "schema" -d 'Print the JSON Schema of a document'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "man" -d 'Write the manual pages into a folder'
complete -c wharf -n "__fish_wharf_using_subcommand help; and not __fish_seen_subcommand_from ls show why free watch run ps stop logs port lease route url open daemon trust untrust names service api guard inlet schema completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from lease" -f -a "ls" -d 'List the leases'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from lease" -f -a "rm" -d 'Give up every lease of a name'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from lease" -f -a "pin" -d 'Give a name a port for good'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from route" -f -a "ls" -d 'List the routes: which name leads where'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from route" -f -a "add" -d 'Add a route from a name to what listens somewhere on this machine'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from route" -f -a "rm" -d 'Remove what was added for a name'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from route" -f -a "log" -d 'Print the last requests, a line each'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from daemon" -f -a "run" -d 'Be the daemon, in the foreground (as without a word)'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from daemon" -f -a "start" -d 'Start it in the background, if it does not run'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from daemon" -f -a "status" -d 'Tell of it, and of the ports that it keeps'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from daemon" -f -a "stop" -d 'End it; runs go on'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from daemon" -f -a "restart" -d 'Let it go on as this program; runs and ports are not disturbed'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from daemon" -f -a "adopt-ports" -d 'Hand it the sockets that systemd has opened, and last as long as it does'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from names" -f -a "ls" -d 'List the host names of my services, one a line'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from names" -f -a "install" -d 'Write the names that are not found by themselves into /etc/hosts, in a block of their own'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from names" -f -a "uninstall" -d 'Take the block out of /etc/hosts; nothing else there changes'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from names" -f -a "status" -d 'Tell which names there are, and how each is found'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from service" -f -a "install" -d 'Start the daemon with my login, and give its router ports 80 and 443 of loopback'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from service" -f -a "uninstall" -d 'Undo all that'
complete -c wharf -n "__fish_wharf_using_subcommand help; and __fish_seen_subcommand_from service" -f -a "status" -d 'Tell what is installed, and whether the ports can be had'
