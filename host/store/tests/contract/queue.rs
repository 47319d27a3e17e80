//! Commands, leases and timers.

use ports::Op;

use crate::Store;
use crate::common::*;

pub async fn leases(store: Store) {
    let queue = vec![
        put_command("late-urgent", "K-1", 0, 50),
        put_command("normal-2", "K-1", 5, 2),
        put_command("normal-1", "K-2", 5, 1),
        put_command("urgent", "K-1", 1, 9),
        put_command("analytics", "K-1", 255, 0),
    ];
    store.commit(ops(queue)).await.unwrap();
    assert_eq!(store.open_commands().await, 5);
    assert_eq!(names(&store.lease(at(-1), at(100), 9).await), [""; 0]);
    assert_eq!(store.next_due().await, Some(at(0)));
    assert_eq!(names(&store.lease(at(1), at(2), 1).await), ["normal-1"]);
    assert_eq!(names(&store.lease(at(10), at(20), 3).await), ["urgent", "normal-1", "normal-2"]);
    assert_eq!(names(&store.lease(at(10), at(20), 9).await), ["analytics"]);
    assert_eq!(names(&store.lease(at(10), at(20), 9).await), [""; 0]);
    assert_eq!(store.next_due().await, Some(at(20)), "when the leases end");
    store.release(&[id("urgent"), id("never leased")]).await;
    assert_eq!(store.next_due().await, Some(at(9)));
    assert_eq!(names(&store.lease(at(10), at(20), 9).await), ["urgent"]);
    assert_eq!(names(&store.lease(at(60), at(70), 0).await), [""; 0]);
    assert_eq!(names(&store.lease(at(60), at(70), 1).await), ["late-urgent"]);
}

pub async fn reschedules(store: Store) {
    store.commit(ops(vec![put_command("c", "K-1", 5, 0), put_command("d", "K-1", 5, 1)])).await.unwrap();
    assert_eq!(names(&store.lease(at(0), at(100), 9).await), ["c"]);
    let mut again = command("c", "K-2", 3);
    again.attempts = 1;
    let put = Op::PutCommand { command: again.clone(), not_before: at(30) };
    store.commit(ops(vec![put])).await.unwrap();
    assert_eq!(store.open_commands().await, 2);
    assert_eq!(names(&store.commands_of_key("K-1").await), ["d"]);
    assert_eq!(store.commands_of_key("K-2").await, [again.clone()]);
    assert_eq!(names(&store.lease(at(29), at(100), 9).await), ["d"]);
    assert_eq!(store.lease(at(30), at(100), 9).await, [again]);
    store.commit(ops(vec![Op::FinishCommand(id("c")), Op::FinishCommand(id("never"))])).await.unwrap();
    assert_eq!(store.open_commands().await, 1);
    assert_eq!(store.commands_of_key("K-2").await, []);
    assert_eq!(names(&store.lease(at(200), at(300), 9).await), ["d"]);
    store
        .commit(ops(vec![put_command("x", "K-1", 1, 0), Op::FinishCommand(id("x")), Op::FinishCommand(id("d"))]))
        .await
        .unwrap();
    assert_eq!((store.open_commands().await, store.next_due().await), (0, None));
}

pub async fn lease_ends(store: Store) {
    store.commit(ops(vec![put_command("c", "K-1", 5, 0)])).await.unwrap();
    assert_eq!(store.lease(at(0), at(10), 9).await.len(), 1);
    assert_eq!(store.lease(at(9), at(19), 9).await.len(), 0);
    assert_eq!(store.lease(at(10), at(20), 9).await.len(), 1);
    store.commit(ops(vec![Op::FinishCommand(id("c"))])).await.unwrap();
    assert_eq!(store.next_due().await, None, "a finished command's lease is gone");
    store.release(&[id("c")]).await;
    assert_eq!(store.lease(at(99), at(100), 9).await, []);
}

pub async fn timers(store: Store) {
    let set = [("b", 20), ("a", 10), ("c", -30)].map(|(name, due)| Op::PutTimer(timer(name, due)));
    store.commit(ops(set.to_vec())).await.unwrap();
    assert_eq!(store.next_due().await, Some(at(-30)));
    assert_eq!(store.due_timers(at(-31), 9).await, []);
    assert_eq!(store.due_timers(at(10), 9).await, [timer("c", -30), timer("a", 10)]);
    assert_eq!(store.due_timers(at(99), 1).await, [timer("c", -30)]);
    store
        .commit(ops(vec![Op::PutTimer(timer("c", 40)), Op::RemoveTimer(id("a")), Op::RemoveTimer(id("x"))]))
        .await
        .unwrap();
    assert_eq!(store.due_timers(at(99), 9).await, [timer("b", 20), timer("c", 40)]);
    store.commit(ops(vec![put_command("k", "K-1", 9, 5)])).await.unwrap();
    assert_eq!(store.next_due().await, Some(at(5)));
}
