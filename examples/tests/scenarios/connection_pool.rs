use crate::process::run;

#[test]
fn connections_come_back_are_replaced_when_broken_and_waited_for_with_a_limit() {
    let told = run("connection_pool");
    assert_eq!(told.after("two at once: "), "connection 1 and connection 2");
    assert_eq!(told.after("a third has to wait: "), "nothing came before the deadline");
    assert_eq!(told.after("after one came back: "), "connection 1");
    assert_eq!(told.after("it breaks: "), "unexpected end of file");
    for user in 1..=4 {
        let has = told.after(&format!("user {user} has "));
        assert!(["connection 1", "connection 3"].contains(&has), "{has}");
    }
    let two = told.after("two again: ");
    assert!(two.contains("connection 1") && two.contains("connection 3"), "{two}");
    assert_eq!(told.after("2 free, "), "0 in use");
}
