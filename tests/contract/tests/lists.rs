//! The closed lists that the border carries stand three times: in the contract's text, in the SDK and
//! in the host, which may not import each other. This holds the three equal: a case added on one side
//! does not compile here, and one that the contract does not have fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use ports::ItemStatus;
use process::FaultKind as HostKind;
use quoin_sdk::{FaultKind as SdkKind, Status};

/// Every pair of a list, both ways without a rest.
macro_rules! equal_lists {
    ($pairs:ident, $there:ident, $back:ident: $sdk:ident, $host:ident: $($case:ident),* $(; $extra:ident => $as:ident)?) => {
        fn $there(case: $sdk) -> $host {
            match case {
                $($sdk::$case => $host::$case,)*
                $($sdk::$extra => $host::$as,)?
            }
        }
        fn $back(case: $host) -> $sdk {
            match case { $($host::$case => $sdk::$case,)* }
        }
        fn $pairs() -> Vec<($sdk, $host)> {
            vec![$(($sdk::$case, $host::$case)),*]
        }
    };
}

equal_lists!(kinds, kind_there, kind_back: SdkKind, HostKind:
    AuthExpired, Permission, NotFound, Conflict, InvalidData, RateLimited, Transient, Unavailable, Unsupported, Config,
    Internal, Other);
// "Surely not there" is the SDK's own word; contract 1.0 spells it `retry`.
equal_lists!(statuses, status_there, status_back: Status, ItemStatus:
    Created, Updated, Unchanged, Deleted, Conflict, Rejected, Retry, Unknown; Absent => Retry);

/// The cases of a list in the contract's text, in order.
fn of_contract(file: &str, list: &str) -> Vec<String> {
    let path = format!("{}/../../wit/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let body = text.split_once(&format!("enum {list} {{")).expect("the list is there").1;
    let body = body.split_once('}').unwrap().0;
    let lines = body.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|case| !case.is_empty()).map(str::to_owned).collect()
}

/// `AuthExpired` as the contract spells it: `auth-expired`.
fn kebab(name: &str) -> String {
    let mut spelled = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !spelled.is_empty() {
            spelled.push('-');
        }
        spelled.extend(letter.to_lowercase());
    }
    spelled
}

#[test]
fn fault_kinds_are_the_same_in_contract_sdk_and_host() {
    let pairs = kinds();
    for (sdk, host) in &pairs {
        assert_eq!((kind_there(*sdk), kind_back(*host)), (*host, *sdk));
    }
    let names: Vec<String> = pairs.iter().map(|(_, host)| kebab(&format!("{host:?}"))).collect();
    assert_eq!(names, of_contract("types@1.0.0/types.wit", "fault-kind"));
}

#[test]
fn item_statuses_are_the_same_in_contract_sdk_and_host() {
    let pairs = statuses();
    for (sdk, host) in &pairs {
        assert_eq!((status_there(*sdk), status_back(*host)), (*host, *sdk));
    }
    assert_eq!(status_there(Status::Absent), ItemStatus::Retry);
    let names: Vec<String> = pairs.iter().map(|(_, host)| kebab(&format!("{host:?}"))).collect();
    assert_eq!(names, of_contract("connector@1.0.0/connector.wit", "status"));
}
