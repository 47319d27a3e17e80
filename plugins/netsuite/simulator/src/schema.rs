//! The record types of the account and their fields, custom fields of the connector included.
//!
//! Only what connectors of professional services firms use. A field that is not here does not
//! exist in this account, and is answered like one.

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text of at most so many characters.
    Text(usize),
    /// A decimal number.
    Number,
    /// true or false.
    Boolean,
    /// A date, `YYYY-MM-DD`.
    Date,
    /// A reference to a record or list entry.
    Reference(&'static str),
    /// One of these, as `{"id": "..."}`.
    Choice(&'static [(&'static str, &'static str)]),
    /// A list of lines.
    Sublist(&'static [Field]),
    /// A record inside the record.
    Subrecord(&'static [Field]),
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Name, as the vendor spells it.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Label in messages, where it is mandatory.
    pub required: Option<&'static str>,
    /// Computed by the account: what a client sends is passed over.
    pub computed: bool,
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: None, computed: false }
}

const fn text(name: &'static str) -> Field {
    field(name, Kind::Text(300))
}

const fn number(name: &'static str) -> Field {
    field(name, Kind::Number)
}

const fn date(name: &'static str) -> Field {
    field(name, Kind::Date)
}

const fn flag(name: &'static str) -> Field {
    field(name, Kind::Boolean)
}

const fn reference(name: &'static str, to: &'static str) -> Field {
    field(name, Kind::Reference(to))
}

const fn required(field: Field, label: &'static str) -> Field {
    Field { required: Some(label), ..field }
}

const fn computed(field: Field) -> Field {
    Field { computed: true, ..field }
}

/// External ids are unique within a pool, whatever the record type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Pool {
    Entity,
    Transaction,
    Other,
}

/// A record type.
#[derive(Debug)]
pub struct RecordType {
    /// Name in URLs.
    pub name: &'static str,
    /// Where its external ids must be unique.
    pub pool: Pool,
    /// Code in SuiteQL, for transactions.
    pub code: &'static str,
    /// Beginning of its numbers, for what is numbered.
    pub prefix: &'static str,
    /// Word for its creation in the ledger of effects.
    pub effect: &'static str,
    /// Fields.
    pub fields: &'static [Field],
}

const CREDIT_HOLD: &[(&str, &str)] = &[("AUTO", "Auto"), ("ON", "On"), ("OFF", "Off")];

/// Project statuses, in the standard list's order.
pub const JOB_STATUS: &[(&str, &str)] =
    &[("1", "Closed"), ("2", "In Progress"), ("3", "Not Awarded"), ("4", "Pending"), ("5", "Awarded")];

const SCHEDULE_TYPE: &[(&str, &str)] = &[
    ("STD", "Standard"),
    ("CB", "Charge-Based"),
    ("FBI", "Fixed Bid, Interval"),
    ("FBM", "Fixed Bid, Milestone"),
    ("TM", "Time and Materials"),
];

const ADDRESS: &[Field] = &[
    text("addressee"),
    text("addr1"),
    text("addr2"),
    text("addr3"),
    text("city"),
    text("state"),
    text("zip"),
    field("country", Kind::Choice(&[])),
];

const ADDRESS_BOOK: &[Field] = &[
    flag("defaultBilling"),
    flag("defaultShipping"),
    text("label"),
    field("addressBookAddress", Kind::Subrecord(ADDRESS)),
];

const CUSTOMER: &[Field] = &[
    text("entityId"),
    required(text("companyName"), "Company Name"),
    flag("isPerson"),
    required(reference("subsidiary", "subsidiary"), "Primary Subsidiary"),
    reference("currency", "currency"),
    reference("terms", "term"),
    reference("parent", "customer"),
    text("vatRegNumber"),
    text("email"),
    text("phone"),
    text("comments"),
    number("creditLimit"),
    field("creditHoldOverride", Kind::Choice(CREDIT_HOLD)),
    flag("isInactive"),
    field("addressBook", Kind::Sublist(ADDRESS_BOOK)),
];

const JOB: &[Field] = &[
    required(text("entityId"), "Project ID"),
    required(text("companyName"), "Project Name"),
    required(reference("parent", "customer"), "Customer"),
    reference("subsidiary", "subsidiary"),
    reference("currency", "currency"),
    date("startDate"),
    date("projectedEndDate"),
    date("scheduledEndDate"),
    field("entityStatus", Kind::Choice(JOB_STATUS)),
    reference("billingSchedule", "billingSchedule"),
    flag("allowTime"),
    flag("limitTimeToAssignees"),
    number("jobPrice"),
    text("comments"),
    flag("isInactive"),
    text("custentity_quoin_contract"),
];

const MILESTONES: &[Field] =
    &[number("milestoneAmount"), date("milestoneDate"), flag("milestoneCompleted"), text("comments")];

const BILLING_SCHEDULE: &[Field] = &[
    required(text("name"), "Name"),
    required(field("scheduleType", Kind::Choice(SCHEDULE_TYPE)), "Type"),
    reference("project", "job"),
    flag("isPublic"),
    flag("isInactive"),
    field("milestone", Kind::Sublist(MILESTONES)),
];

const LINES: &[Field] = &[
    required(reference("item", "item"), "Item"),
    field("description", Kind::Text(4_000)),
    number("quantity"),
    number("rate"),
    number("amount"),
    required(reference("taxCode", "salesTaxItem"), "Tax Code"),
    computed(number("taxRate1")),
    computed(number("tax1Amt")),
    reference("billingSchedule", "billingSchedule"),
    flag("isClosed"),
    text("custcol_quoin_contract_line"),
    text("custcol_quoin_line_id"),
    text("custcol_quoin_method"),
    text("custcol_quoin_unit"),
    text("custcol_quoin_cap"),
    text("custcol_quoin_cap_mode"),
    field("custcol_quoin_terms", Kind::Text(4_000)),
    date("custcol_quoin_service_from"),
    date("custcol_quoin_service_to"),
];

const SALES_ORDER: &[Field] = &[
    computed(text("tranId")),
    required(reference("entity", "customer"), "Customer"),
    reference("job", "job"),
    reference("subsidiary", "subsidiary"),
    reference("currency", "currency"),
    reference("terms", "term"),
    date("tranDate"),
    text("otherRefNum"),
    text("memo"),
    required(field("item", Kind::Sublist(LINES)), "Items"),
    computed(number("subtotal")),
    computed(number("taxTotal")),
    computed(number("total")),
    computed(field("status", Kind::Choice(&[]))),
    text("custbody_quoin_contract"),
];

const INVOICE: &[Field] = &[
    computed(text("tranId")),
    required(reference("entity", "customer"), "Customer"),
    reference("job", "job"),
    reference("subsidiary", "subsidiary"),
    reference("currency", "currency"),
    reference("terms", "term"),
    reference("createdFrom", "salesOrder"),
    date("tranDate"),
    date("dueDate"),
    date("startDate"),
    date("endDate"),
    text("otherRefNum"),
    text("memo"),
    required(field("item", Kind::Sublist(LINES)), "Items"),
    computed(number("subtotal")),
    computed(number("taxTotal")),
    computed(number("total")),
    computed(number("amountPaid")),
    computed(number("amountRemaining")),
    computed(field("status", Kind::Choice(&[]))),
    text("custbody_quoin_contract"),
    text("custbody_quoin_document_type"),
];

const APPLY: &[Field] = &[reference("doc", "invoice"), flag("apply"), number("amount")];

const CREDIT_MEMO: &[Field] = &[
    computed(text("tranId")),
    required(reference("entity", "customer"), "Customer"),
    reference("job", "job"),
    reference("subsidiary", "subsidiary"),
    reference("currency", "currency"),
    reference("createdFrom", "invoice"),
    date("tranDate"),
    text("otherRefNum"),
    text("memo"),
    required(field("item", Kind::Sublist(LINES)), "Items"),
    field("apply", Kind::Sublist(APPLY)),
    computed(number("subtotal")),
    computed(number("taxTotal")),
    computed(number("total")),
    computed(number("applied")),
    computed(number("unapplied")),
    computed(field("status", Kind::Choice(&[]))),
    text("custbody_quoin_contract"),
    text("custbody_quoin_document_type"),
];

const CUSTOMER_PAYMENT: &[Field] = &[
    computed(text("tranId")),
    required(reference("customer", "customer"), "Customer"),
    reference("subsidiary", "subsidiary"),
    reference("currency", "currency"),
    date("tranDate"),
    required(number("payment"), "Payment Amount"),
    text("memo"),
    field("apply", Kind::Sublist(APPLY)),
    computed(number("applied")),
    computed(number("unapplied")),
    computed(field("status", Kind::Choice(&[]))),
];

/// Every record type of the record service.
pub static TYPES: [RecordType; 7] = [
    RecordType {
        name: "customer",
        pool: Pool::Entity,
        code: "CustJob",
        prefix: "CUST",
        effect: "customer",
        fields: CUSTOMER,
    },
    RecordType { name: "job", pool: Pool::Entity, code: "Job", prefix: "", effect: "project", fields: JOB },
    RecordType {
        name: "billingSchedule",
        pool: Pool::Other,
        code: "",
        prefix: "",
        effect: "billing_schedule",
        fields: BILLING_SCHEDULE,
    },
    RecordType {
        name: "salesOrder",
        pool: Pool::Transaction,
        code: "SalesOrd",
        prefix: "SO-",
        effect: "billing_setup",
        fields: SALES_ORDER,
    },
    RecordType {
        name: "invoice",
        pool: Pool::Transaction,
        code: "CustInvc",
        prefix: "INV-",
        effect: "invoice",
        fields: INVOICE,
    },
    RecordType {
        name: "creditMemo",
        pool: Pool::Transaction,
        code: "CustCred",
        prefix: "CM-",
        effect: "credit_note",
        fields: CREDIT_MEMO,
    },
    RecordType {
        name: "customerPayment",
        pool: Pool::Transaction,
        code: "CustPymt",
        prefix: "PYMT-",
        effect: "payment",
        fields: CUSTOMER_PAYMENT,
    },
];

/// The record type of a URL segment, whatever its case, as the vendor takes it.
pub fn record_type(name: &str) -> Option<&'static RecordType> {
    TYPES.iter().find(|record_type| record_type.name.eq_ignore_ascii_case(name))
}
