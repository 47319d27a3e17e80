//! The authorization case of every route: what a caller must be allowed to do.

use policy::access::Permission;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Method.
    pub method: &'static str,
    /// Route as the router spells it.
    pub route: &'static str,
    /// What the caller must be allowed to do.
    pub permission: Permission,
}

const fn case(method: &'static str, route: &'static str, permission: Permission) -> Case {
    Case { method, route, permission }
}

/// Every guarded route.
pub const CASES: [Case; 40] = [
    case("GET", "/api/v1/openapi.json", Permission::ReadPlatform),
    case("GET", "/api/v1/deals", Permission::ReadBusiness),
    case("GET", "/api/v1/deals/{key}", Permission::ReadBusiness),
    case("GET", "/api/v1/timeline/{number}", Permission::ReadBusiness),
    case("GET", "/api/v1/events", Permission::ReadBusiness),
    case("GET", "/api/v1/events/stream", Permission::ReadBusiness),
    case("GET", "/api/v1/invoices/{number}", Permission::ReadBusiness),
    case("GET", "/api/v1/invoices/{number}/explanation", Permission::ReadBusiness),
    case("GET", "/api/v1/invoices/{number}/export", Permission::ReadBusiness),
    case("GET", "/api/v1/invoices/{number}/evidence", Permission::ReadBusiness),
    case("GET", "/api/v1/conservation", Permission::ReadBusiness),
    case("GET", "/api/v1/conservation/{contract}", Permission::ReadBusiness),
    case("GET", "/api/v1/conservation/{contract}/recount", Permission::ReadBusiness),
    case("POST", "/api/v1/reconciliations", Permission::RetryException),
    case("GET", "/api/v1/reconciliations", Permission::ReadBusiness),
    case("GET", "/api/v1/reconciliations/{run}", Permission::ReadBusiness),
    case("POST", "/api/v1/drifts/{id}/apply", Permission::RetryException),
    case("GET", "/api/v1/exceptions", Permission::ReadExceptions),
    case("POST", "/api/v1/exceptions/retry", Permission::RetryException),
    case("POST", "/api/v1/exceptions/{id}/retry", Permission::RetryException),
    case("GET", "/api/v1/approvals", Permission::ReadBusiness),
    case("GET", "/api/v1/approvals/{document}", Permission::ReadBusiness),
    case("POST", "/api/v1/approvals/{document}/approve", Permission::Approve),
    case("POST", "/api/v1/approvals/{document}/reject", Permission::Approve),
    case("POST", "/api/v1/contracts/{key}/requests", Permission::RunBilling),
    case("POST", "/api/v1/billing-runs", Permission::RunBilling),
    case("GET", "/api/v1/plugins", Permission::ReadPlatform),
    case("POST", "/api/v1/plugins", Permission::LoadPlugin),
    case("GET", "/api/v1/rollouts", Permission::ReadPlatform),
    case("GET", "/api/v1/rollouts/{plugin}", Permission::ReadPlatform),
    case("POST", "/api/v1/rollouts/{plugin}", Permission::LoadPlugin),
    case("POST", "/api/v1/rollouts/{plugin}/recording", Permission::LoadPlugin),
    case("GET", "/api/v1/rollouts/{plugin}/shadow", Permission::ReadPlatform),
    case("POST", "/api/v1/rollouts/{plugin}/shadow", Permission::LoadPlugin),
    case("GET", "/api/v1/connections", Permission::ReadPlatform),
    case("POST", "/api/v1/connections/{id}/check", Permission::CheckConnection),
    case("POST", "/api/v1/connections/{id}/discover", Permission::CheckConnection),
    case("GET", "/api/v1/clock", Permission::ReadPlatform),
    case("POST", "/api/v1/clock/advance", Permission::SetClock),
    case("GET", "/api/v1/whoami", Permission::ReadPlatform),
];

/// The case of a route; a HEAD is judged as the GET it abbreviates.
pub fn case_of(method: &str, route: &str) -> Option<&'static Case> {
    let method = if method == "HEAD" { "GET" } else { method };
    CASES.iter().find(|case| case.method == method && case.route == route)
}
