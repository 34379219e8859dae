//! The filter of bind(2), listen(2) and where wanted connect(2) and getsockname(2), and what a notified call asks: pure, no system call.
//!
//! Covers every table of calls that a process of this machine can reach: the native one, x32 (the same numbers
//! and a bit more), and those of 32-bit programs, where i386 has socketcall(2) too. Not here: io_uring, which
//! binds and listens without a system call of its own (IORING_OP_BIND, since kernel 6.11) and passes seccomp by.

use libc::sock_filter;

/// What a notified system call asks for. Addresses are those of the caller's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// bind(2).
    Bind {
        /// The caller's descriptor.
        fd: i32,
        /// Where the `struct sockaddr` is.
        address: u64,
        /// Its length in bytes, as the caller says: not yet checked by the kernel.
        length: u32,
    },
    /// listen(2).
    Listen {
        /// The caller's descriptor.
        fd: i32,
        /// As the caller says, negative numbers too.
        backlog: i32,
    },
    /// connect(2).
    Connect {
        /// The caller's descriptor.
        fd: i32,
        /// Where the `struct sockaddr` is.
        address: u64,
        /// Its length in bytes, as the caller says: not yet checked by the kernel.
        length: u32,
    },
    /// socketcall(2) of i386.
    SocketCall {
        /// What it does.
        kind: SocketCallKind,
        /// Where its arguments are.
        arguments: u64,
    },
    /// getsockname(2).
    Name {
        /// The caller's descriptor.
        fd: i32,
        /// Where the `struct sockaddr` goes.
        address: u64,
        /// Where its length is: before the call that of the room, after it that of the whole address.
        length: u64,
    },
    /// setsockopt(2).
    Option {
        /// The caller's descriptor.
        fd: i32,
        /// As the caller says.
        level: i32,
        /// As the caller says.
        name: i32,
        /// Where the value is.
        value: u64,
    },
    /// None of these: a filter of the caller's own asked for more.
    Other,
}

/// What a socketcall(2) does, by the names of `linux/net.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketCallKind {
    /// SYS_BIND, `int fd, void *address, int length`: three u32.
    Bind,
    /// SYS_CONNECT, with the same.
    Connect,
    /// SYS_LISTEN, `int fd, int backlog`: two u32.
    Listen,
}

/// What is done beside notifying of bind(2) and listen(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// getsockname(2) too. On x86_64 only where the answer goes to the stack of a process's first thread: that is where
    /// Node asks from, and the runtimes that ask about each connection (Go) do not.
    pub names: bool,
    /// connect(2) too.
    pub connects: bool,
    /// Whether io_uring fails with ENOSYS, as on a kernel without it.
    pub no_io_uring: bool,
    /// Whether setsockopt(2) is notified of where it sets what decides about a bind: SO_REUSEADDR, SO_REUSEPORT and
    /// IPV6_V6ONLY. Only for the native table.
    pub options: bool,
}

impl Filter {
    /// Returns the program that does so and allows everything else; seccomp(2), bpf(4) in its classic
    /// form (`linux/filter.h`).
    ///
    /// On other machines than x86_64 and aarch64 it allows everything.
    #[must_use]
    pub fn program(self) -> Vec<sock_filter> {
        if cfg!(target_arch = "x86_64") {
            self.program_for(X86_64)
        } else if cfg!(target_arch = "aarch64") {
            self.program_for(AARCH64)
        } else {
            self.program_for(&[])
        }
    }

    /// One block for each table of calls, which ends in a return: a jump skips as many instructions as it says
    /// (`linux/filter.h`), and none leads out of its block.
    fn program_for(self, tables: &[Abi]) -> Vec<sock_filter> {
        let mut program = vec![load(ARCH)];
        for abi in tables {
            let block = self.block(abi);
            program.push(unless_equal(abi.arch, block.len() as u8));
            program.extend(block);
        }
        program.push(give(libc::SECCOMP_RET_ALLOW));
        program
    }

    fn block(self, abi: &Abi) -> Vec<sock_filter> {
        let notify = give(libc::SECCOMP_RET_USER_NOTIF);
        let allow = give(libc::SECCOMP_RET_ALLOW);
        let mut block = vec![load(NUMBER), operation(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, abi.mask)];
        for number in [Some(abi.bind), Some(abi.listen), self.connects.then_some(abi.connect)] {
            block.extend(number.into_iter().flat_map(|number| [unless_equal(number, 1), notify]));
        }
        if self.no_io_uring {
            let fail = give(libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32);
            block.extend(IO_URING.iter().flat_map(|&number| [unless_equal(number, 1), fail]));
        }
        if let Some(number) = abi.socketcall {
            let mut tests = vec![load(FIRST_ARGUMENT)];
            for kind in [Some(SYS_BIND), Some(SYS_LISTEN), self.connects.then_some(SYS_CONNECT)] {
                tests.extend(kind.into_iter().flat_map(|kind| [unless_equal(kind, 1), notify]));
            }
            tests.push(allow);
            block.push(unless_equal(number, tests.len() as u8));
            block.extend(tests);
        }
        if let Some((number, stack)) = abi.getsockname.filter(|_| self.names) {
            block.extend([unless_equal(number, 4), load(SECOND_ARGUMENT_HIGH)]);
            block.extend([unless_at_least(stack, 1), notify, allow]);
        }
        if let Some(number) = abi.setsockopt.filter(|_| self.options) {
            let mut tests =
                vec![load(SECOND_ARGUMENT), unless_equal(libc::SOL_SOCKET as u32, 6), load(THIRD_ARGUMENT)];
            for option in [libc::SO_REUSEADDR, libc::SO_REUSEPORT] {
                tests.extend([unless_equal(option as u32, 1), notify]);
            }
            tests.extend([allow, unless_equal(libc::IPPROTO_IPV6 as u32, 3), load(THIRD_ARGUMENT)]);
            tests.extend([unless_equal(libc::IPV6_V6ONLY as u32, 1), notify, allow]);
            block.push(unless_equal(number, tests.len() as u8));
            block.extend(tests);
        }
        block.push(allow);
        block
    }
}

/// Returns what a call asks: the fields `arch`, `nr` and `args` of `struct seccomp_data` (`linux/seccomp.h`).
#[must_use]
pub fn decode(arch: u32, number: i32, arguments: &[u64; 6]) -> Call {
    let Some(abi) = X86_64.iter().chain(AARCH64).find(|abi| abi.arch == arch) else { return Call::Other };
    let number = u32::from_ne_bytes(number.to_ne_bytes()) & abi.mask;
    let pointer = |value: u64| if abi.is_32_bit { u64::from(low(value)) } else { value };
    if number == abi.bind {
        Call::Bind { fd: int(arguments[0]), address: pointer(arguments[1]), length: low(arguments[2]) }
    } else if number == abi.listen {
        Call::Listen { fd: int(arguments[0]), backlog: int(arguments[1]) }
    } else if number == abi.connect {
        Call::Connect { fd: int(arguments[0]), address: pointer(arguments[1]), length: low(arguments[2]) }
    } else if abi.getsockname.is_some_and(|(call, _)| number == call) {
        Call::Name { fd: int(arguments[0]), address: pointer(arguments[1]), length: pointer(arguments[2]) }
    } else if Some(number) == abi.setsockopt {
        let [fd, level, name] = [arguments[0], arguments[1], arguments[2]].map(int);
        Call::Option { fd, level, name, value: pointer(arguments[3]) }
    } else if Some(number) == abi.socketcall {
        let kind = match low(arguments[0]) {
            SYS_BIND => SocketCallKind::Bind,
            SYS_CONNECT => SocketCallKind::Connect,
            SYS_LISTEN => SocketCallKind::Listen,
            _ => return Call::Other,
        };
        Call::SocketCall { kind, arguments: pointer(arguments[1]) }
    } else {
        Call::Other
    }
}

/// A table of system calls.
struct Abi {
    /// AUDIT_ARCH_* of `linux/audit.h`.
    arch: u32,
    /// The bits of the number that tell calls apart.
    mask: u32,
    is_32_bit: bool,
    bind: u32,
    listen: u32,
    connect: u32,
    socketcall: Option<u32>,
    /// Its number, and the least that the upper half of an address on the stack of a process's first thread can be.
    getsockname: Option<(u32, u32)>,
    setsockopt: Option<u32>,
}

/// `asm/unistd_64.h`, `asm/unistd_x32.h` (the bit __X32_SYSCALL_BIT more), `asm/unistd_32.h`. The stack ends at most
/// 16 GiB below the end of the 47 bits, and all that mmap(2) gives lies below it (arch/x86/mm/mmap.c).
const X86_64: &[Abi] = &[
    Abi {
        arch: 0xc000_003e,
        mask: !0x4000_0000,
        is_32_bit: false,
        bind: 49,
        listen: 50,
        connect: 42,
        socketcall: None,
        getsockname: Some((51, 0x7ffb)),
        setsockopt: Some(54),
    },
    Abi {
        arch: 0x4000_0003,
        mask: !0,
        is_32_bit: true,
        bind: 361,
        listen: 363,
        connect: 362,
        socketcall: Some(102),
        getsockname: None,
        setsockopt: None,
    },
];
/// `asm-generic/unistd.h`; arch/arm64/tools/syscall_32.tbl. There the stack cannot be told by the address.
const AARCH64: &[Abi] = &[
    Abi {
        arch: 0xc000_00b7,
        mask: !0,
        is_32_bit: false,
        bind: 200,
        listen: 201,
        connect: 203,
        socketcall: None,
        getsockname: Some((204, 0)),
        setsockopt: Some(208),
    },
    Abi {
        arch: 0x4000_0028,
        mask: !0,
        is_32_bit: true,
        bind: 282,
        listen: 284,
        connect: 283,
        socketcall: None,
        getsockname: None,
        setsockopt: None,
    },
];
/// io_uring_setup, io_uring_enter and io_uring_register, the same in every table. A ring may come from elsewhere, in a
/// message.
const IO_URING: [u32; 3] = [425, 426, 427];
// linux/net.h
const SYS_BIND: u32 = 2;
const SYS_CONNECT: u32 = 3;
const SYS_LISTEN: u32 = 4;
// Offsets in struct seccomp_data (linux/seccomp.h); the halves of args[0] to args[2], as these
// machines are little-endian.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;
const SECOND_ARGUMENT: u32 = 24;
const SECOND_ARGUMENT_HIGH: u32 = 28;
const THIRD_ARGUMENT: u32 = 32;

fn load(offset: u32) -> sock_filter {
    operation(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset)
}

fn give(action: u32) -> sock_filter {
    operation(libc::BPF_RET | libc::BPF_K, action)
}

fn operation(code: u32, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

/// Skips `skipped` instructions unless the word is `value`.
fn unless_equal(value: u32, skipped: u8) -> sock_filter {
    let code = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    sock_filter { code: code as u16, jt: 0, jf: skipped, k: value }
}

/// Skips `skipped` instructions if the word is less than `value`.
fn unless_at_least(value: u32, skipped: u8) -> sock_filter {
    let code = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
    sock_filter { code: code as u16, jt: 0, jf: skipped, k: value }
}

fn low(value: u64) -> u32 {
    (value & u64::from(u32::MAX)) as u32
}

fn int(value: u64) -> i32 {
    i32::from_ne_bytes(low(value).to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{AARCH64, Call, Filter, SocketCallKind, X86_64, decode};

    fn verdict(program: &[libc::sock_filter], arch: u32, number: u32, [first, high]: [u32; 2]) -> u32 {
        verdict_of(program, arch, number, [first, 0, high, 0])
    }

    /// Runs classic BPF as far as the filter uses it: on the low half of the first argument, both halves of the second,
    /// and the low half of the third.
    fn verdict_of(
        program: &[libc::sock_filter],
        arch: u32,
        number: u32,
        [first, second, high, third]: [u32; 4],
    ) -> u32 {
        let (mut accumulator, mut at) = (0, 0);
        loop {
            let step = program[at];
            at += 1;
            match u32::from(step.code) {
                // BPF_LD | BPF_W | BPF_ABS
                0x20 => {
                    accumulator = [number, arch, 0, 0, first, 0, second, high, third][step.k as usize / 4]
                }
                // BPF_ALU | BPF_AND | BPF_K
                0x54 => accumulator &= step.k,
                // BPF_JMP | BPF_JEQ | BPF_K
                0x15 => at += usize::from(if accumulator == step.k { step.jt } else { step.jf }),
                // BPF_JMP | BPF_JGE | BPF_K
                0x35 => at += usize::from(if accumulator >= step.k { step.jt } else { step.jf }),
                // BPF_RET | BPF_K
                0x06 => return step.k,
                other => panic!("code {other:#x}"),
            }
        }
    }

    const X64: u32 = 0xc000_003e;
    const I386: u32 = 0x4000_0003;
    const ARM64: u32 = 0xc000_00b7;
    const ARM: u32 = 0x4000_0028;

    /// What the tables hold, told once more and otherwise: arch, number, first argument.
    fn is_wanted(tables: [u32; 2], arch: u32, number: u32, first: u32) -> bool {
        tables.contains(&arch)
            && match (arch, number) {
                (X64, 49 | 50 | 0x4000_0031 | 0x4000_0032) => true,
                (I386, 361 | 363) | (ARM64, 200 | 201) | (ARM, 282 | 284) => true,
                (I386, 102) => first == 2 || first == 4,
                _ => false,
            }
    }

    #[test]
    fn only_bind_and_listen_are_notified_in_every_table() {
        for (tables, arches) in [(X86_64, [X64, I386]), (AARCH64, [ARM64, ARM])] {
            let program = Filter::default().program_for(tables);
            for arch in [X64, I386, ARM64, ARM, 0, 0x1234] {
                for number in (0..600).chain(0x4000_0000..0x4000_0258).chain([u32::MAX, 0x8000_0031]) {
                    for first in 0..8 {
                        let wanted = is_wanted(arches, arch, number, first);
                        let expected = if wanted { 0x7fc0_0000 } else { 0x7fff_0000 };
                        let context = format!("arch {arch:#x}, number {number:#x}, first {first}");
                        assert_eq!(verdict(&program, arch, number, [first, 0x7fff]), expected, "{context}");
                        let own = decode(arch, number.cast_signed(), &[u64::from(first), 0, 0, 0, 0, 0]);
                        let is_extra = matches!(
                            own,
                            Call::Name { .. }
                                | Call::Option { .. }
                                | Call::Connect { .. }
                                | Call::SocketCall { kind: SocketCallKind::Connect, .. }
                        );
                        if arches.contains(&arch) && !is_extra {
                            assert_eq!(own != Call::Other, wanted, "{context}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_name_is_notified_where_it_goes_to_the_stack_of_the_first_thread() {
        let [intel, arm] =
            [X86_64, AARCH64].map(|tables| Filter { names: true, ..Filter::default() }.program_for(tables));
        let (notified, allowed) = (0x7fc0_0000, 0x7fff_0000);
        // Of the stack, of a mapping just below it, of Go's heap.
        for (high, expected) in [(0x7ffe, notified), (0x7ffa, allowed), (0xc0, allowed)] {
            assert_eq!(verdict(&intel, X64, 51, [5, high]), expected, "{high:#x}");
            assert_eq!(verdict(&arm, ARM64, 204, [5, high]), notified, "{high:#x}");
        }
        for (program, arch, bind) in [(&intel, X64, 49), (&intel, I386, 361), (&arm, ARM64, 200)] {
            assert_eq!(verdict(program, arch, bind, [5, 0]), notified);
            assert_eq!(verdict(program, arch, 0, [5, 0x7ffe]), allowed);
        }
        let name = Call::Name { fd: 5, address: 0x7ffe_0000_0000, length: 0x7ffe_0000_0010 };
        assert_eq!(decode(X64, 51, &[5, 0x7ffe_0000_0000, 0x7ffe_0000_0010, 0, 0, 0]), name);
    }

    #[test]
    fn options_that_decide_about_a_bind_are_notified() {
        let program = Filter { options: true, ..Filter::default() }.program_for(X86_64);
        for level in 0..50 {
            for name in 0..50 {
                let wanted = matches!((level, name), (1, 2 | 15) | (41, 26));
                let expected = if wanted { 0x7fc0_0000 } else { 0x7fff_0000 };
                assert_eq!(verdict_of(&program, X64, 54, [5, level, 0, name]), expected, "{level} {name}");
                assert_eq!(verdict_of(&program, X64, 55, [5, level, 0, name]), 0x7fff_0000);
            }
        }
        assert_eq!(verdict(&program, X64, 49, [5, 0]), 0x7fc0_0000);
        let option = Call::Option { fd: 5, level: 41, name: 26, value: 0x7fff_0000_1000 };
        assert_eq!(decode(X64, 54, &[5, 41, 26, 0x7fff_0000_1000, 4, 0]), option);
    }

    #[test]
    fn connect_is_notified_where_wanted_in_every_table() {
        let (notified, allowed) = (0x7fc0_0000, 0x7fff_0000);
        for (tables, arch, number, first) in [
            (X86_64, X64, 42, 5),
            (X86_64, I386, 362, 5),
            (X86_64, I386, 102, 3),
            (AARCH64, ARM64, 203, 5),
            (AARCH64, ARM, 283, 5),
        ] {
            let wanted = Filter { connects: true, ..Filter::default() }.program_for(tables);
            assert_eq!(verdict(&wanted, arch, number, [first, 0]), notified, "{arch:#x} {number}");
            assert_eq!(verdict(&Filter::default().program_for(tables), arch, number, [first, 0]), allowed);
        }
        let call = Call::Connect { fd: 3, address: 0x7fff_0000_1000, length: 16 };
        assert_eq!(decode(X64, 42, &[3, 0x7fff_0000_1000, 16, 0, 0, 0]), call);
    }

    #[test]
    fn io_uring_fails_in_every_table() {
        for (tables, arches) in [(X86_64, [X64, I386]), (AARCH64, [ARM64, ARM])] {
            let program = Filter { no_io_uring: true, ..Filter::default() }.program_for(tables);
            for arch in arches {
                for number in 0..600 {
                    let expected = match number {
                        425..=427 => 0x0005_0000 | 38,
                        _ if is_wanted(arches, arch, number, 2) => 0x7fc0_0000,
                        _ => 0x7fff_0000,
                    };
                    assert_eq!(verdict(&program, arch, number, [2, 0]), expected, "{arch:#x} {number}");
                }
            }
        }
    }

    #[test]
    fn arguments_are_told_as_the_call_means_them() {
        let arguments = [3, 0x7fff_0000_1000, 16, 0, 0, 0];
        let bind = Call::Bind { fd: 3, address: 0x7fff_0000_1000, length: 16 };
        assert_eq!(decode(X64, 49, &arguments), bind);
        assert_eq!(decode(X64, 0x4000_0031, &arguments), bind);
        assert_eq!(decode(ARM64, 200, &arguments), bind);
        let listen = Call::Listen { fd: -1, backlog: -1 };
        assert_eq!(decode(X64, 50, &[0xffff_ffff, u64::MAX, 0, 0, 0, 0]), listen);
        // The upper halves of a 32-bit program's registers mean nothing.
        let wide = [0xdead_0000_0003, 0xdead_0804_a000, 0xdead_0000_001c, 0, 0, 0];
        assert_eq!(decode(I386, 361, &wide), Call::Bind { fd: 3, address: 0x0804_a000, length: 28 });
        let call = |kind| decode(I386, 102, &[kind, 0xffff_d000, 0, 0, 0, 0]);
        assert_eq!(call(2), Call::SocketCall { kind: SocketCallKind::Bind, arguments: 0xffff_d000 });
        assert_eq!(call(4), Call::SocketCall { kind: SocketCallKind::Listen, arguments: 0xffff_d000 });
        assert_eq!(call(3), Call::SocketCall { kind: SocketCallKind::Connect, arguments: 0xffff_d000 });
        assert_eq!(call(1), Call::Other);
        // Number 49 of i386 is geteuid.
        assert_eq!(decode(I386, 49, &arguments), Call::Other);
    }

    proptest! {
        #[test]
        fn any_call_is_decoded(arch in any::<u32>(), number in any::<i32>(), arguments in any::<[u64; 6]>()) {
            for arch in [arch, X64, I386, ARM64, ARM] {
                let _ = decode(arch, number, &arguments);
            }
        }
    }
}
