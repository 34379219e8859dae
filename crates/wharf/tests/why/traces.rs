//! What tracing a packet leaves behind: nothing, and what an earlier one has left is removed.

use wharf_testkit::fault::Fault;

/// The tables of nftables, one a line.
fn tables(sandbox: &wharf_testkit::sandbox::Sandbox) -> String {
    sandbox.program(&["nft", "list", "tables"]).output().expect_code(0).text()
}

#[test]
fn no_table_is_left_and_an_old_one_is_removed() {
    let sandbox = wharf_testkit::sandbox!();
    let fault = Fault::read("hangs", "nft_drop");
    if let Some(why) = fault.lacks(&sandbox) {
        wharf_testkit::skip!("{why}");
    }
    let (_scene, words) = fault.set(&sandbox);
    let before = tables(&sandbox);
    // Of a process that cannot be: above the greatest pid there is.
    let left = ["nft", "add", "table", "inet", "wharf_why_4194305_17_1"];
    let _ = sandbox.program(&left).output().expect_code(0);
    assert_ne!(tables(&sandbox), before);
    let mut arguments = vec!["why"];
    arguments.extend(words.iter().map(String::as_str));
    let said = sandbox.wharf(&arguments).output().expect_code(1).text();
    assert!(said.contains("corp baseline") && said.contains("handle"), "{said}");
    assert_eq!(tables(&sandbox), before);
}
