# Made from host/canonical/schemas by `cargo xtask sdk`; do not edit.
"""The canonical objects. `quoin_sdk.shapes` reads and writes them as JSON."""

from __future__ import annotations

import datetime
import decimal
import enum
import typing
from dataclasses import dataclass, field

#: A text that names an instant with its zone, such as `2026-03-02T10:15:00Z`; kept as it came.
Instant = typing.NewType("Instant", str)
#: An exact decimal; in JSON a text of its digits.
Decimal = decimal.Decimal


@dataclass(kw_only=True)
class Acceptance:
    """Proof that a customer accepted."""

    #: Who accepted.
    by: str
    #: The day it counts from, in the legal entity's zone.
    on: datetime.date
    #: SHA-256 of the evidence, 64 hex digits.
    evidence_sha256: str


@dataclass(kw_only=True)
class AccountingPeriod:
    """An accounting period."""

    #: First day.
    from_: datetime.date
    #: Last day.
    to: datetime.date
    #: Whether nothing is posted into it any more.
    closed: bool


@dataclass(kw_only=True)
class Address:
    """A postal address."""

    #: What it is for: `billing`, `shipping`, `registered`.
    purpose: str = ""
    #: Street and number, as lines.
    lines: list[str] = field(default_factory=list)
    #: City.
    city: str = ""
    #: Postal code.
    postal_code: str = ""
    #: ISO 3166-1 alpha-2.
    country: str = ""


class AdvanceEnd(enum.StrEnum):
    """What becomes of the rest of an advance (rules RE1 and RE4)."""

    #: A credit note gives it back.
    REFUND = "refund"
    #: It lapses: revenue, never a credit.
    EXPIRE = "expire"


@dataclass(kw_only=True)
class AdvanceTerm:
    """Money to be paid before the work, and set off against later invoices."""

    #: Code, unique in the contract, such as `ADV1`.
    code: str
    #: Contract line that it is booked on; its tax applies.
    line: str
    #: Amount, net.
    amount: Money
    #: The day from which it is invoiced.
    due_on: datetime.date
    #: What becomes of a rest at the end.
    at_end: AdvanceEnd = field(default_factory=lambda: AdvanceEnd("refund"))


@dataclass(kw_only=True)
class Agreement:
    """Terms of a contract beside its lines."""

    #: Limits over the whole contract, or on what one payer pays (rule NX1).
    caps: list[LevelCap] = field(default_factory=list)
    #: Expenses count against caps too (rule NX6).
    expenses_count: bool | None = None
    #: Who pays, when several do; percents total 100. None: the customer pays all.
    payers: list[Payer] = field(default_factory=list)
    #: Money paid before the work (rule RE1).
    advances: list[AdvanceTerm] = field(default_factory=list)
    #: Exchange rates that may be used, each from its day until the next of the same pair (RD7, RT4).
    fx: list[FxRate] = field(default_factory=list)
    #: Contracts of one customer that name the same key here are billed together, on one invoice; often the number of the frame agreement they stand under.
    billed_with: str | None = None


@dataclass(kw_only=True)
class Application:
    """A document that a payment settles."""

    #: The document.
    invoice: Link
    #: How much of it.
    amount: Money
    #: Taken off for paying early.
    discount: Money | None = None
    #: Given up.
    write_off: Money | None = None


@dataclass(kw_only=True)
class Assignment:
    """Somebody planned on a project. Canonical object `assignment`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: The project.
    project: Link
    #: The task, where it is narrower than the project.
    task: Link | None = None
    #: The person: e-mail address.
    resource: str
    #: Role in this assignment.
    role: str
    #: How firm it is.
    status: AssignmentStatus
    #: Rate it will be billed at, per hour.
    bill_rate: Money | None = None
    #: Where that rate comes from, such as `contract_line:L1:role:Senior`.
    rate_source: str | None = None
    #: Planned hours.
    hours: Decimal | None = None
    #: Further facts, where anybody knows them.
    details: AssignmentDetails | None = None


@dataclass(kw_only=True)
class AssignmentDetails:
    """Further facts about an assignment."""

    #: First day.
    starts_on: datetime.date | None = None
    #: Last day.
    ends_on: datetime.date | None = None
    #: Share of the person's time, in percent.
    allocation_percent: Decimal | None = None
    #: How the hours spread over the days, such as `even` or `front_loaded`.
    curve: str | None = None
    #: What an hour costs us.
    cost_rate: Money | None = None
    #: Who agreed to it.
    approved_by: str | None = None
    #: Share of the person's time that should be charged, in percent.
    utilisation_target_percent: Decimal | None = None


class AssignmentStatus(enum.StrEnum):
    """requested -> soft -> hard -> released; declined."""

    REQUESTED = "requested"
    SOFT = "soft"
    HARD = "hard"
    DECLINED = "declined"
    RELEASED = "released"


@dataclass(kw_only=True)
class Attachment:
    """Something attached to a document."""

    #: File name.
    name: str
    #: Media type.
    media: str
    #: SHA-256 of it, 64 hex digits.
    sha256: str


@dataclass(kw_only=True)
class BankAccount:
    """A bank account."""

    #: IBAN.
    iban: str
    #: BIC.
    bic: str | None = None
    #: Currency.
    currency: Currency


@dataclass(kw_only=True)
class BeyondCapRate:
    """It is billed on the same line at another rate, outside the line's cap."""

    to: typing.Literal["rate"] = "rate"
    #: Rate per hour.
    hourly_rate: Decimal


@dataclass(kw_only=True)
class BeyondCapLine:
    """It is billed on another line, at its own rate, under that line's cap."""

    to: typing.Literal["line"] = "line"
    #: That line's id.
    line: str


@dataclass(kw_only=True)
class BeyondCapNonBillable:
    """It is not charged, and counts for the margin only."""

    to: typing.Literal["non_billable"] = "non_billable"


#: Where work beyond a cap goes.
BeyondCap = typing.Union[BeyondCapRate, BeyondCapLine, BeyondCapNonBillable]


@dataclass(kw_only=True)
class BillingMethodTimeAndMaterials:
    """Hours at rates, up to an optional cap."""

    method: typing.Literal["time_and_materials"] = "time_and_materials"
    #: Agreed rates per role.
    roles: list[RoleRate]
    #: Not-to-exceed limit.
    cap: Cap | None = None


@dataclass(kw_only=True)
class BillingMethodFixedFee:
    """A fixed price, billed by milestones, or by percent complete where the line's terms say so."""

    method: typing.Literal["fixed_fee"] = "fixed_fee"
    #: The whole price, net.
    price: Money
    #: Shares of it; percents total 100. None with progress billing.
    milestones: list[MilestoneTerm]


@dataclass(kw_only=True)
class RetainerTerm:
    """A retainer as sold (rules RE1 to RE5)."""

    #: Hours included per month.
    hours_per_month: Decimal
    #: Rate per included hour.
    hourly_rate: Decimal
    #: Rate per hour beyond.
    overage_rate: Decimal
    #: First day of the first period.
    starts_on: datetime.date


@dataclass(kw_only=True)
class BillingMethodRetainer(RetainerTerm):
    """A fixed amount per month for a number of hours, billed in advance."""

    method: typing.Literal["retainer"] = "retainer"


#: How a line turns work into invoices.
BillingMethod = typing.Union[BillingMethodTimeAndMaterials, BillingMethodFixedFee, BillingMethodRetainer]


@dataclass(kw_only=True)
class BillingSchedule:
    """When and how a contract line is billed. Canonical object `billing_schedule`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: Contract.
    contract_number: str
    #: Its line.
    contract_line: str
    #: How it is billed.
    method: ScheduleMethod
    #: How often; absent for milestones, progress and usage.
    frequency: Frequency | None = None
    #: Day of the month, 1 to 31; the last day where a month has fewer.
    bill_day: int | None = None
    #: First billing date.
    first_on: datetime.date | None = None
    #: Next billing date.
    next_on: datetime.date | None = None
    #: Service up to this day is billed.
    billed_through: datetime.date | None = None
    #: From this day on nothing is billed any more.
    cancelled_on: datetime.date | None = None
    #: Currency of its amounts.
    currency: Currency
    #: Amount of one period, net.
    period_amount: Money | None = None
    #: The whole, net, where it is known.
    total: Money | None = None
    #: Posted, net of credits.
    billed: Money
    #: Drafted and not posted, net.
    pending: Money
    #: Tax.
    tax: TaxTreatment | None = None
    #: Lines of one customer with the same key share an invoice, across contracts.
    group_key: str | None = None
    #: How a part of a period is billed.
    proration: Proration = field(default_factory=lambda: Proration("none"))
    #: Why nothing is billed for now, and who says so.
    hold: Hold | None = None
    #: Where it stands.
    status: ScheduleStatus
    #: What it bills, in order.
    entries: list[ScheduleEntry] = field(default_factory=list)


@dataclass(kw_only=True)
class BillingSetup:
    """What the ERP must hold before anything can be billed. Canonical object `billing_setup`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: Contract it serves.
    contract_number: str
    #: Project code and name, for the ERP's own project record.
    project_code: str
    #: Project name.
    project_name: str
    #: The project.
    project: Link
    #: The customer.
    customer: Link
    #: Code of the selling legal entity.
    selling_entity: str
    #: Currency.
    currency: Currency
    #: Days from issue to due date.
    payment_terms_days: int
    #: Start of work.
    starts_on: datetime.date | None = None
    #: Contract lines with their billing terms: rates, cap, milestones, retainer.
    lines: list[ContractLine]
    #: Milestones with their amounts, per fixed-fee line.
    milestones: list[Milestone] = field(default_factory=list)


class BillingType(enum.StrEnum):
    """Whether time is charged (rule TM1)."""

    #: Charged.
    CHARGEABLE = "chargeable"
    #: Not charged, kept for the margin only.
    NON_CHARGEABLE = "non_chargeable"
    #: Shown on the invoice at 0.00.
    COMPLIMENTARY = "complimentary"


@dataclass(kw_only=True)
class Cap:
    """A not-to-exceed limit, net of tax, in contract currency (rules NX1 to NX6)."""

    #: The limit.
    limit: Money
    #: What happens at it.
    mode: CapMode


class CapMode(enum.StrEnum):
    """What happens to work beyond a cap (rule NX2)."""

    #: The whole entry is refused.
    BLOCK = "block"
    #: The entry is split at the limit.
    FIT = "fit"
    #: The rest goes to the next rule.
    SPILL = "spill"
    #: Billed all the same, with a warning.
    WARN = "warn"


class CapStanding(enum.StrEnum):
    """What the cap of its line says."""

    #: Not looked at yet.
    NOT_EVALUATED = "not_evaluated"
    #: It has its room.
    COMMITTED = "committed"
    #: There is none.
    FAILED = "failed"
    #: No cap counts for it.
    NOT_APPLICABLE = "not_applicable"


@dataclass(kw_only=True)
class Certificate:
    """A proof of exemption."""

    #: Number.
    id: str
    #: Country (ISO 3166-1).
    country: str
    #: First day.
    from_: datetime.date | None = None
    #: Last day.
    to: datetime.date | None = None


@dataclass(kw_only=True)
class Charge:
    """One amount to be billed, with where it comes from. Canonical object `billing_event`."""

    #: Identity; the id is derived from what is charged, so that it exists once.
    header: Header = field(default_factory=lambda: Header())
    #: Contract.
    contract_number: str
    #: Its line.
    contract_line: str
    #: Project.
    project: Link | None = None
    #: What is charged.
    source: ChargeSource
    #: Canonical id of the time, expense, milestone or schedule entry.
    source_id: Id | None = None
    #: Revision of the source that was charged: a newer one makes it stale (rule TM5).
    source_revision: str | None = None
    #: Rule or rate row that priced it, with its version.
    rule: str | None = None
    #: How much.
    quantity: Quantity
    #: Price per unit.
    rate: Decimal
    #: Currency.
    currency: Currency
    #: Before the discount, six decimals.
    gross: Decimal
    #: Discount, six decimals.
    discount: Decimal
    #: After the discount, six decimals; negative when it takes something back.
    net: Decimal
    #: Tax.
    tax: TaxTreatment
    #: When the service was given.
    service: Period
    #: Whether it may be billed.
    stage: ChargeStage
    #: What its cap says.
    cap: CapStanding = field(default_factory=lambda: CapStanding("not_evaluated"))
    #: Charges of one customer with the same key share an invoice.
    group_key: str | None = None
    #: Code of the payer, where several pay.
    payer: str | None = None
    #: Revenue account in the books.
    revenue_account: str | None = None
    #: The invoice it is on.
    invoice: Id | None = None
    #: The charge it takes back.
    reversal_of: Id | None = None
    #: Where it stands.
    status: ChargeStatus


class ChargeSource(enum.StrEnum):
    """What is charged."""

    TIME = "time"
    EXPENSE = "expense"
    MILESTONE = "milestone"
    SCHEDULE = "schedule"
    ADJUSTMENT = "adjustment"


class ChargeStage(enum.StrEnum):
    """Whether it may be billed."""

    READY = "ready"
    HOLD = "hold"
    NON_BILLABLE = "non_billable"


class ChargeStatus(enum.StrEnum):
    """generated -> approved -> released -> invoiced -> posted; recalculated while generated; reverted from any."""

    GENERATED = "generated"
    RECALCULATED = "recalculated"
    APPROVED = "approved"
    RELEASED = "released"
    INVOICED = "invoiced"
    POSTED = "posted"
    REVERTED = "reverted"


@dataclass(kw_only=True)
class Chargeable:
    """What some work is to the customer."""

    #: Which: `project`, `task`, `role` or `category`.
    of: str
    #: Its code or name.
    name: str
    #: Charged, given, or neither.
    billing_type: BillingType


@dataclass(kw_only=True)
class Company:
    """One of our own companies as the books know it. Canonical object `legal_entity`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: Who sells, and under which rules.
    entity: LegalEntity
    #: Currency of the group's reports.
    reporting_currency: Currency | None = None
    #: Accounting periods, the oldest first.
    periods: list[AccountingPeriod] = field(default_factory=list)
    #: Further tax registrations.
    registrations: list[TaxRegistration] = field(default_factory=list)
    #: Number series of documents.
    number_series: list[NumberSeries] = field(default_factory=list)
    #: Where it is paid.
    bank_accounts: list[BankAccount] = field(default_factory=list)
    #: Our other companies, as its books call them: code of the entity and partner code.
    intercompany: list[PartnerCode] = field(default_factory=list)
    #: Its address in e-invoice networks, with the scheme (EAS).
    e_addresses: list[ElectronicAddress] = field(default_factory=list)
    #: Where it stands.
    status: CompanyStatus


class CompanyStatus(enum.StrEnum):
    """draft -> active -> closing -> dissolved."""

    DRAFT = "draft"
    ACTIVE = "active"
    CLOSING = "closing"
    DISSOLVED = "dissolved"


@dataclass(kw_only=True)
class Contact:
    """Somebody there. Personal data."""

    #: Name.
    name: str
    #: What for, such as `billing`.
    purpose: str | None = None
    #: E-mail address.
    email: str | None = None
    #: Telephone.
    phone: str | None = None


@dataclass(kw_only=True)
class Contract:
    """A signed agreement, as derived from the accepted quote. Canonical object `contract`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: Contract number: the quote's number.
    number: str
    #: Version of the quote it follows.
    quote_version: int
    #: Contract type.
    contract_type: str
    #: Buyer.
    customer: Link
    #: Code of the selling legal entity.
    selling_entity: str
    #: Currency.
    currency: Currency
    #: Days from issue to due date.
    payment_terms_days: int
    #: Lines.
    lines: list[ContractLine]
    #: What was agreed beside the lines.
    agreement: Agreement | None = None
    #: Further facts, where anybody knows them.
    details: ContractDetails | None = None


@dataclass(kw_only=True)
class ContractDetails:
    """Further facts about a contract."""

    #: Where it stands.
    status: ContractStatus | None = None
    #: How often it was amended.
    amendment: int | None = None
    #: The unit that contracts.
    contracting_unit: str | None = None
    #: Codes of the companies that deliver.
    delivering_entities: list[str] = field(default_factory=list)
    #: First day.
    starts_on: datetime.date | None = None
    #: Last day.
    ends_on: datetime.date | None = None
    #: How it was signed.
    signature: Signature | None = None
    #: What it is worth, net.
    value: Money | None = None
    #: What of it is charged, given, or neither.
    chargeable: list[Chargeable] = field(default_factory=list)
    #: The customer's purchase orders (BT-13).
    purchase_orders: list[str] = field(default_factory=list)
    #: How it goes on after its last day.
    renewal: Renewal | None = None
    #: How it ended before that.
    termination: Termination | None = None
    #: What is owed to the customer, for revenue (IFRS 15).
    obligations: list[Obligation] = field(default_factory=list)
    #: How prices rise.
    escalation: Escalation | None = None
    #: Whose law governs it (ISO 3166-1).
    governing_law: str | None = None
    #: The contract itself and its annexes.
    documents: list[Document] = field(default_factory=list)


@dataclass(kw_only=True)
class ContractLine:
    """One line of a contract."""

    #: The quote line's id.
    id: str
    #: What it is.
    description: str
    #: How it is billed.
    billing: BillingMethod
    #: Tax.
    tax: TaxTreatment
    #: Estimated cost at completion.
    cost_estimate: Money | None = None
    #: What was agreed beside how it is billed.
    terms: LineTerms | None = None


class ContractStatus(enum.StrEnum):
    """draft -> pending_signature -> active -> amended -> completed -> closed; suspended; cancelled."""

    DRAFT = "draft"
    PENDING_SIGNATURE = "pending_signature"
    ACTIVE = "active"
    AMENDED = "amended"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(kw_only=True)
class CostRate:
    """What an hour of somebody costs from a day on."""

    #: First day.
    from_: datetime.date
    #: Per hour.
    hourly: Money


@dataclass(kw_only=True)
class Credit:
    """How far a customer is trusted with unpaid work."""

    #: The standing.
    status: CreditStatus
    #: Highest open amount, where one is set.
    limit: Money | None = None
    #: Why it is on hold.
    reason: str | None = None


class CreditStatus(enum.StrEnum):
    """Credit standing, apart from the customer's lifecycle."""

    OK = "ok"
    WARN = "warn"
    HOLD = "hold"
    BLOCKED = "blocked"


#: ISO 4217 code
Currency = typing.NewType("Currency", str)


@dataclass(kw_only=True)
class Customer:
    """Who buys. Canonical object `customer`."""

    #: Identity and custom fields.
    header: Header = field(default_factory=lambda: Header())
    #: Legal name.
    name: str
    #: Name of the parent organisation, where there is one.
    parent_name: str | None = None
    #: VAT id with country prefix (Greece uses EL).
    vat_id: str | None = None
    #: ISO 3166-1 alpha-2 country of tax residence.
    country: str | None = None
    #: Postal addresses.
    addresses: list[Address] = field(default_factory=list)
    #: Days from issue to due date.
    payment_terms_days: int | None = None
    #: Currency it is usually billed in.
    currency: Currency | None = None
    #: Credit standing.
    credit: Credit | None = None
    #: Lifecycle state.
    status: CustomerStatus = field(default_factory=lambda: CustomerStatus("active"))
    #: Further facts, where anybody knows them.
    details: CustomerDetails | None = None


@dataclass(kw_only=True)
class CustomerDetails:
    """Further facts about a customer."""

    #: Name it trades under.
    trading_name: str | None = None
    #: Our number for it.
    customer_number: str | None = None
    #: The organisation above it.
    parent: Link | None = None
    #: The organisation at the top.
    ultimate_parent: Link | None = None
    #: What it is in its hierarchy.
    hierarchy_roles: list[HierarchyRole] = field(default_factory=list)
    #: Company registration.
    registration: Registration | None = None
    #: Tax ids beside the VAT id.
    tax_ids: list[TaxId] = field(default_factory=list)
    #: Whether it pays tax.
    tax_status: TaxStatus | None = None
    #: Proofs that it does not.
    certificates: list[Certificate] = field(default_factory=list)
    #: People there.
    contacts: list[Contact] = field(default_factory=list)
    #: Where e-invoices go (BT-49).
    e_address: ElectronicAddress | None = None
    #: Its price list or rate card.
    rate_card: str | None = None
    #: What it owes and has ordered.
    credit_exposure: Money | None = None
    #: When its credit was looked at.
    credit_reviewed_at: Instant | None = None
    #: How far it is reminded of what it owes; 0 is not at all.
    dunning_level: int | None = None
    #: Ledger account of what it owes.
    receivable_account: str | None = None
    #: Where it belongs in our reports.
    segments: Segments | None = None
    #: The customer it was merged into.
    merged_into: Id | None = None


class CustomerStatus(enum.StrEnum):
    """prospect -> active -> on_hold -> inactive -> merged."""

    PROSPECT = "prospect"
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    INACTIVE = "inactive"
    MERGED = "merged"


class DealStage(enum.StrEnum):
    """How far delivery of a deal is, in sales' words."""

    SET_UP_STARTED = "set_up_started"
    ON_HOLD = "on_hold"
    IMPLEMENTATION_STARTED = "implementation_started"
    INVOICED = "invoiced"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    CANCELLED = "cancelled"


@dataclass(kw_only=True)
class DealStatus:
    """What sales sees of a deal after it closed. Canonical object `deal_status`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: The opportunity to write it to.
    opportunity: Link
    #: Quote number.
    quote_number: str
    #: How far delivery is.
    stage: DealStage
    #: Why, where the stage needs a word.
    reason: str | None = None
    #: Project code, once there is one.
    project_code: str | None = None
    #: The last invoice.
    invoice: InvoiceSummary | None = None
    #: Revenue indicators, per contract line.
    revenue: list[RevenueIndicator] = field(default_factory=list)


@dataclass(kw_only=True)
class Discount:
    """A discount on prices."""

    #: How much, in percent.
    percent: Decimal
    #: Why, for who looks at the margin later.
    reason: str


@dataclass(kw_only=True)
class Document:
    """A document, by what it contains."""

    #: Name.
    name: str
    #: SHA-256 of it, 64 hex digits.
    sha256: str


class EInvoiceStatus(enum.StrEnum):
    """How far an e-invoice is."""

    NOT_SENT = "not_sent"
    SENT = "sent"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(kw_only=True)
class ElectronicAddress:
    """An address in an e-invoice network."""

    #: Scheme (EAS code list), such as `0088`.
    scheme: str
    #: Address.
    address: str


class EntryStatus(enum.StrEnum):
    """planned -> ready -> invoiced -> posted -> reversed."""

    PLANNED = "planned"
    READY = "ready"
    INVOICED = "invoiced"
    POSTED = "posted"
    REVERSED = "reversed"


@dataclass(kw_only=True)
class Escalation:
    """How prices rise."""

    #: By an index, such as `HICP`; absent for a fixed percentage.
    index: str | None = None
    #: By so many percent a year, or at most so many.
    percent: Decimal | None = None
    #: First on this day.
    from_: datetime.date


@dataclass(kw_only=True)
class ExpenseItem:
    """Money that somebody spent for a project. Canonical object `expense`."""

    #: Identity; `header.external` is the source key, `header.version` its revision there.
    header: Header = field(default_factory=lambda: Header())
    #: Number of the report it is on.
    report: str | None = None
    #: Line of the report.
    report_line: str | None = None
    #: The project.
    project: Link
    #: The task, where it is narrower than the project.
    task: Link | None = None
    #: Contract line it is charged on.
    contract_line: str
    #: Who spent it: e-mail address.
    resource: str
    #: The day it was incurred.
    date: datetime.date
    #: Category, such as `travel`.
    category: str
    #: Who was paid.
    merchant: str | None = None
    #: What it was for.
    description: str
    #: As spent, input tax included.
    amount: Money
    #: Input tax in it that comes back from the tax office: comes off before the markup (rule TM3).
    reclaimable_tax: Money | None = None
    #: Rate into the contract's currency, where it is another one.
    fx: FxRate | None = None
    #: SHA-256 of the receipt, 64 hex digits.
    receipt_sha256: str | None = None
    #: Whether the person gets it back.
    reimbursable: bool = False
    #: Whether the customer pays it.
    billable: bool
    #: Markup in percent on the base without reclaimable tax.
    markup_percent: Decimal | None = None
    #: What the expense policy says.
    policy: ExpensePolicy = field(default_factory=lambda: ExpensePolicy("not_checked"))
    #: How it was paid, such as `company_card`.
    payment_method: str | None = None
    #: Kilometres or days, where it is counted by them.
    basis: Quantity | None = None
    #: Where it stands.
    status: ExpenseStatus
    #: Approver, once approved.
    approved_by: str | None = None
    #: When it was approved.
    approved_at: Instant | None = None


class ExpensePolicy(enum.StrEnum):
    """What an expense policy says."""

    #: Not looked at.
    NOT_CHECKED = "not_checked"
    #: Within it.
    WITHIN = "within"
    #: Against it, and allowed by somebody.
    EXCEPTION = "exception"
    #: Against it.
    VIOLATION = "violation"


class ExpenseStatus(enum.StrEnum):
    """draft -> submitted -> approved -> reimbursed | rejected; deleted at the source. An approval is not final: some systems reject what was approved."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    REIMBURSED = "reimbursed"
    DELETED = "deleted"


class Frequency(enum.StrEnum):
    """How often."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"


@dataclass(kw_only=True)
class FxRate:
    """An exchange rate as it was used or agreed: stored, never looked up again, never inverted."""

    #: Currency converted from.
    from_: Currency
    #: Currency converted to.
    to: Currency
    #: Units of `to` for one of `from`.
    rate: Decimal
    #: The day it holds from.
    on: datetime.date
    #: Who published it.
    source: str


@dataclass(kw_only=True)
class Header:
    """What every object carries beside its business fields."""

    #: Canonical id. Absent on objects that a connector just read: the host assigns it.
    id: Id | None = None
    #: The id in the system that the object was read from or written to.
    external: str | None = None
    #: The source system's own version of the record (etag, modification stamp).
    version: str | None = None
    #: The same object in connected systems.
    xrefs: list[Xref] = field(default_factory=list)
    #: How often it changed since it is known here, from 1.
    revision: int | None = None
    #: Version of the schema it was written in; absent is the first.
    schema_version: int | None = None
    #: First day on which it holds; absent is always.
    valid_from: datetime.date | None = None
    #: Last day on which it holds; absent is for ever.
    valid_to: datetime.date | None = None
    #: When it was recorded here: the second axis of time.
    recorded_at: Instant | None = None
    #: Why its status is what it is.
    status_reason: str | None = None
    #: The connection whose word counts when systems differ.
    source_of_record: str | None = None
    #: The zone it must not leave, such as `EU`.
    residency: str | None = None
    #: Where its fields come from, group by group.
    provenance: list[Provenance] = field(default_factory=list)
    #: That it was deleted.
    tombstone: Tombstone | None = None
    #: Custom fields, by vendor field name; they travel with the object and survive round trips.
    ext: dict[str, str] = field(default_factory=dict)


class Health(enum.StrEnum):
    """How a project is."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class HierarchyRole(enum.StrEnum):
    """What an organisation is in its hierarchy."""

    BILL_TO = "bill_to"
    SOLD_TO = "sold_to"
    SHIP_TO = "ship_to"
    PAYER = "payer"
    END_CLIENT = "end_client"


@dataclass(kw_only=True)
class Hold:
    """Why something waits."""

    #: Why.
    reason: str
    #: Who says so.
    by: str


@dataclass(kw_only=True)
class HoursStep:
    """One step of hours within a month."""

    #: Hours it takes at most; absent for all that come.
    up_to_hours: Decimal | None = None
    #: Rate per hour; zero for hours that a fee has paid for, absent for the work's own rate.
    hourly_rate: Decimal | None = None


#: A canonical id: a UUID in its hyphenated lower-case form, never a vendor's id.
Id = typing.NewType("Id", str)


@dataclass(kw_only=True)
class Invoice:
    """An invoice or credit note. Canonical object `invoice`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: Number (BT-1); the ERP assigns it when it posts.
    number: str | None = None
    #: Type (BT-3).
    kind: InvoiceType
    #: Issue date (BT-2).
    issued_on: datetime.date
    #: Due date (BT-9).
    due_on: datetime.date
    #: Currency (BT-5).
    currency: Currency
    #: Code of the seller.
    selling_entity: str
    #: Seller's name (BT-27) and VAT id (BT-31), as printed.
    seller_name: str
    #: Seller's VAT id (BT-31).
    seller_vat_id: str
    #: Seller's postal address (BG-5), as printed.
    seller_address: Address | None = None
    #: Buyer, as printed (BG-7).
    buyer: Customer
    #: The customer.
    customer: Link
    #: The project (BT-11).
    project: Link | None = None
    #: Project code, as printed.
    project_code: str | None = None
    #: Contract number (BT-12).
    contract_number: str
    #: The invoice it corrects (BT-25), by its posted number.
    preceding_invoice: str | None = None
    #: Billing period (BG-14).
    period: Period | None = None
    #: Lines (BG-25).
    lines: list[InvoiceLine]
    #: Tax breakdown (BG-23), one row per category and rate.
    tax: list[TaxSubtotal]
    #: Totals (BG-22).
    totals: Totals
    #: Where it stands.
    status: InvoiceStatus
    #: Further facts, where anybody knows them.
    details: InvoiceDetails | None = None


@dataclass(kw_only=True)
class InvoiceDetails:
    """Further facts about a document. Names follow EN 16931."""

    #: The day the tax falls due (BT-7).
    tax_point: datetime.date | None = None
    #: Currency the tax is also told in (BT-6).
    tax_currency: Currency | None = None
    #: Who is paid, where it is not the seller (BG-10).
    payee: str | None = None
    #: Who represents the seller in tax (BG-11).
    tax_representative: Represented | None = None
    #: The buyer's own reference (BT-10).
    buyer_reference: str | None = None
    #: The buyer's order (BT-13).
    purchase_order: str | None = None
    #: Payment terms in words (BT-20).
    payment_terms: str | None = None
    #: How it is to be paid (BT-81, UNTDID 4461), such as `58`.
    payment_means: str | None = None
    #: What is attached (BG-24).
    attachments: list[Attachment] = field(default_factory=list)
    #: How far it is as an e-invoice.
    e_invoice: EInvoiceStatus | None = None
    #: How the ERP booked it.
    posted: Posted | None = None


@dataclass(kw_only=True)
class InvoiceLine:
    """One line (BG-25)."""

    #: Line id (BT-126).
    id: str
    #: What it is for (BT-153).
    description: str
    #: Contract it bills, on a document that bills several.
    contract_number: str | None = None
    #: Contract line it bills.
    contract_line: str
    #: Quantity (BT-129, unit BT-130).
    quantity: Quantity
    #: Net price per unit (BT-146).
    unit_price: Decimal
    #: Net amount (BT-131).
    net: Money
    #: Tax (BG-30).
    tax: TaxTreatment
    #: When the service was given (BG-26).
    service_period: Period | None = None
    #: Ids of the billing events it sums: the way back to entries, rates and rules.
    billing_events: list[str] = field(default_factory=list)


class InvoiceStatus(enum.StrEnum):
    """draft -> approved -> posted -> partially_paid -> paid; void before posting; credited."""

    DRAFT = "draft"
    APPROVED = "approved"
    POSTED = "posted"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    VOID = "void"
    DISPUTED = "disputed"
    CREDITED = "credited"
    WRITTEN_OFF = "written_off"


@dataclass(kw_only=True)
class InvoiceSummary:
    """An invoice in one line."""

    #: Number.
    number: str
    #: Net.
    net: Money
    #: Gross.
    gross: Money
    #: Still to pay.
    open: Money
    #: Due date.
    due_on: datetime.date
    #: Status.
    status: InvoiceStatus


class InvoiceType(enum.StrEnum):
    """Document types (UNTDID 1001)."""

    #: Commercial invoice.
    CODE_380 = "380"
    #: Credit note. Amounts on it are positive: the type turns the sign.
    CODE_381 = "381"
    #: Prepayment invoice.
    CODE_386 = "386"


@dataclass(kw_only=True)
class LegalEntity:
    """One of our own companies: who sells, and under which rules."""

    #: Short code used by routes and quotes, such as `DE01`.
    code: str
    #: Registered name.
    name: str
    #: ISO 3166-1 alpha-2.
    country: str
    #: Functional currency.
    currency: Currency
    #: IANA time zone: a business date is a date in this zone.
    zone: str
    #: VAT id.
    vat_id: str
    #: Registered address.
    address: Address
    #: How its documents round.
    rounding: Rounding = field(default_factory=lambda: Rounding("half_up"))
    #: Tax charged to a customer of the same country, by default.
    default_tax: TaxTreatment
    #: Last closed accounting period: the last day of it. Nothing posts on or before this date.
    closed_through: datetime.date | None = None


@dataclass(kw_only=True)
class LevelCap:
    """A limit wider than a line, or on one payer."""

    #: Contract line; absent for all of them.
    line: str | None = None
    #: Code of the payer; absent for all of them.
    payer: str | None = None
    #: The limit, net.
    limit: Money
    #: What happens at it.
    mode: CapMode


@dataclass(kw_only=True)
class LineTerms:
    """Terms of one line beside its billing method. Each is absent where nothing was agreed."""

    #: A discount on the line's prices (rule RT6).
    discount: Discount | None = None
    #: Share of each milestone kept back until final acceptance, in percent (rule FM3).
    retention_percent: Decimal | None = None
    #: The fixed price is billed by percent complete instead of by milestones (rule FM4).
    progress: OverBilled | None = None
    #: Where work beyond the cap goes, with cap mode `spill` (rule NX2).
    beyond_cap: BeyondCap | None = None
    #: Prices by hours worked in a calendar month, in order (test NX-06).
    monthly_hours: list[HoursStep] = field(default_factory=list)
    #: Markup on expenses that name none themselves, in percent (rule TM3).
    expense_markup_percent: Decimal | None = None
    #: Lines of the same group share an invoice, lines of other groups have invoices of their own.
    invoice_group: str | None = None
    #: What rolls over of a retainer's unused hours, where it is not the policy's (rule RE2).
    rollover: Rollover | None = None
    #: How revenue is recognised, where it is not by the billing method (rule RR1).
    revenue: RevenueMethod | None = None
    #: Price at which it would be sold alone: what a common price is allocated by (rule RR4).
    standalone_price: Money | None = None


@dataclass(kw_only=True)
class LinkId:
    """`{"id": "…"}`: a canonical id."""

    id: Id


@dataclass(kw_only=True)
class LinkExternal:
    """`{"external": "…"}`: the id in the system that the object came from."""

    external: str


#: Points at another object, either by canonical id or, on the way in from a system, by that system's own id. The host turns the second form into the first before anything reads it.
Link = typing.Union[LinkId, LinkExternal]


@dataclass(kw_only=True)
class Milestone:
    """A milestone of a fixed-fee line. Canonical object `milestone`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: The project, when the milestone stands alone.
    project: Link | None = None
    #: Code, unique in its line.
    code: str
    #: Name.
    name: str
    #: Contract line.
    contract_line: str
    #: Amount, net. Absent when read from a system that does not hold prices.
    amount: Money | None = None
    #: Planned date.
    due_on: datetime.date | None = None
    #: Where it stands.
    status: MilestoneStatus
    #: The customer's acceptance, once given.
    acceptance: Acceptance | None = None
    #: Further facts, where anybody knows them.
    details: MilestoneDetails | None = None


class MilestoneBilling(enum.StrEnum):
    """not_ready -> ready -> created -> posted; with several payers in_progress until all are posted."""

    NOT_READY = "not_ready"
    READY = "ready"
    CREATED = "created"
    IN_PROGRESS = "in_progress"
    PARTIALLY_INVOICED = "partially_invoiced"
    POSTED = "posted"


@dataclass(kw_only=True)
class MilestoneDetails:
    """Further facts about a milestone."""

    #: Share of its line, in percent.
    percent: Decimal | None = None
    #: Whether the customer must accept it.
    acceptance_required: bool | None = None
    #: Who pays which share of it.
    payers: list[PayerShare] = field(default_factory=list)
    #: Share kept back until final acceptance, in percent (rule FM3).
    retention_percent: Decimal | None = None
    #: How far it is billed.
    billing: MilestoneBilling | None = None


class MilestoneStatus(enum.StrEnum):
    """planned -> delivered -> accepted -> invoiced; withdrawn."""

    PLANNED = "planned"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    INVOICED = "invoiced"
    WITHDRAWN = "withdrawn"


@dataclass(kw_only=True)
class MilestoneTerm:
    """One milestone as sold."""

    #: Code, unique in the line, such as `M1`.
    code: str
    #: Name.
    name: str
    #: Share of the line's price in percent.
    percent: Decimal
    #: Planned date.
    due_on: datetime.date | None = None


@dataclass(kw_only=True)
class Money:
    """An amount in one currency. In JSON the amount is a decimal string, never a number."""

    #: The amount in major units (euros, not cents).
    amount: Decimal
    #: Its currency.
    currency: Currency


@dataclass(kw_only=True)
class NumberSeries:
    """The numbers of one kind of document."""

    #: Document type (UNTDID 1001).
    kind: str
    #: What numbers begin with.
    prefix: str


@dataclass(kw_only=True)
class Obligation:
    """Something owed to the customer, for revenue."""

    #: Code, unique in the contract.
    code: str
    #: What.
    description: str
    #: Contract lines it is sold on.
    lines: list[str]
    #: Price at which it would be sold alone (rule RR4).
    standalone_price: Money


class OverBilled(enum.StrEnum):
    """What a lower percentage than the one billed leads to (rule FM4)."""

    #: Nothing is billed until the work has caught up.
    CARRY_FORWARD = "carry_forward"
    #: The difference is credited.
    CREDIT = "credit"


@dataclass(kw_only=True)
class PartnerCode:
    """One of our companies in another one's books."""

    #: Code of the legal entity.
    entity: str
    #: Its partner code.
    code: str


@dataclass(kw_only=True)
class Payer:
    """Somebody who pays a share."""

    #: Code, unique in the contract, such as `A`.
    code: str
    #: Who it is, as printed on documents; `header.id` is the customer's canonical id.
    customer: Customer
    #: Share of every line, in percent.
    percent: Decimal
    #: Takes what the others' rounded shares leave (rule RD5). Exactly one does.
    takes_remainder: bool = False
    #: Tax on this payer's documents, where it is not the lines'.
    tax: TaxTreatment | None = None


@dataclass(kw_only=True)
class PayerShare:
    """A payer's share of a milestone."""

    #: Code of the payer.
    payer: str
    #: Share in percent.
    percent: Decimal


@dataclass(kw_only=True)
class Payment:
    """Money received or returned. Canonical object `payment`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: The invoice it settles.
    invoice: Link
    #: How much of it.
    amount: Money
    #: The day it counts.
    value_date: datetime.date
    #: The bank's exchange rate into the seller's own currency, where there is one (rule RD7).
    fx: FxRate | None = None
    #: Where it stands.
    status: PaymentStatus
    #: Further facts, where anybody knows them.
    details: PaymentDetails | None = None


@dataclass(kw_only=True)
class PaymentDetails:
    """Further facts about a payment."""

    #: How it was paid, such as `credit_transfer`.
    method: str | None = None
    #: The bank's reference.
    bank_reference: str | None = None
    #: Documents that the whole payment settles, this one among them.
    applications: list[Application] = field(default_factory=list)
    #: What of the whole payment settles nothing yet.
    unapplied: Money | None = None


class PaymentStatus(enum.StrEnum):
    """pending -> settled | failed; settled -> reversed | refunded."""

    PENDING = "pending"
    SETTLED = "settled"
    FAILED = "failed"
    REVERSED = "reversed"
    REFUNDED = "refunded"


class PercentMethod(enum.StrEnum):
    """What percent complete is taken by."""

    COST = "cost"
    HOURS = "hours"
    OUTPUT = "output"
    REPORTED = "reported"


@dataclass(kw_only=True)
class Period:
    """From the first to the last day, both included."""

    #: First day.
    from_: datetime.date
    #: Last day.
    to: datetime.date


@dataclass(kw_only=True)
class Posted:
    """How the ERP booked a document."""

    #: Its id there.
    id: str
    #: Accounting period, such as `2026-03`.
    period: str | None = None
    #: Journal.
    journal: str | None = None


class Precedence(enum.StrEnum):
    """Which end of a task waits for which end of another."""

    FINISH_TO_START = "finish_to_start"
    START_TO_START = "start_to_start"
    FINISH_TO_FINISH = "finish_to_finish"
    START_TO_FINISH = "start_to_finish"


@dataclass(kw_only=True)
class Project:
    """A project. Canonical object `project`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: Project code, unique in the firm.
    code: str
    #: Name.
    name: str
    #: The customer.
    customer: Link
    #: Contract it delivers.
    contract_number: str
    #: Template it was made from.
    template: TemplateRef | None = None
    #: Currency.
    currency: Currency
    #: Start of work.
    starts_on: datetime.date | None = None
    #: Where it stands.
    status: ProjectStatus
    #: Target margin in percent.
    target_margin_percent: Decimal | None = None
    #: Net value of the contract.
    budget: Money | None = None
    #: May time be booked?
    time_entry_allowed: bool = False
    #: The work breakdown.
    tasks: list[Task] = field(default_factory=list)
    #: The milestones of its fixed-fee lines.
    milestones: list[Milestone] = field(default_factory=list)
    #: Further facts, where anybody knows them.
    details: ProjectDetails | None = None


@dataclass(kw_only=True)
class ProjectDetails:
    """Further facts about a project."""

    #: Code of the company that delivers.
    delivering_entity: str | None = None
    #: E-mail address.
    manager: str | None = None
    #: E-mail address.
    owner: str | None = None
    stage: str | None = None
    health: Health | None = None
    planned_end: datetime.date | None = None
    forecast_end: datetime.date | None = None
    actual_start: datetime.date | None = None
    actual_end: datetime.date | None = None
    budget_hours: Decimal | None = None
    budget_cost: Money | None = None
    #: Estimated cost at completion.
    estimate_at_completion: Money | None = None
    percent_complete: Decimal | None = None
    #: What the percentage is taken by.
    percent_method: PercentMethod | None = None
    calendar: str | None = None
    location: str | None = None
    cost_centre: str | None = None
    practice: str | None = None
    tags: list[str] = field(default_factory=list)
    #: Why it is not billed, while it is not.
    billing_hold: str | None = None
    #: Nothing is booked on it up to this day any more.
    closed_through: datetime.date | None = None


@dataclass(kw_only=True)
class ProjectFinancials:
    """Cost and revenue of one contract line as the books have them. Canonical object `project_financials`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: The project.
    project: Link
    #: Contract line.
    contract_line: str
    #: State of the books at the end of this day.
    as_of: datetime.date
    #: Cost from the start to then.
    cost_to_date: Money
    #: Revenue recognised from the start to then, where the books say.
    revenue_to_date: Money | None = None


class ProjectStatus(enum.StrEnum):
    """requested -> shell_created -> billing_provisioned -> active -> on_hold -> completed -> closed; cancelled."""

    REQUESTED = "requested"
    SHELL_CREATED = "shell_created"
    BILLING_PROVISIONED = "billing_provisioned"
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(kw_only=True)
class ProjectTemplate:
    """The pattern of a project. Canonical object `project_template`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: Template id, such as `PT-CONSULT`.
    id: str
    #: Its version: projects keep the one they were made from.
    version: int
    #: Name.
    name: str
    #: The work breakdown it lays out.
    tasks: list[TemplateTask] = field(default_factory=list)
    #: Roles and their usual hours.
    roles: list[TemplateRole] = field(default_factory=list)
    #: Milestones as shares of the price; they total 100.
    milestones: list[TemplateMilestone] = field(default_factory=list)
    #: How it is billed by default: `time_and_materials`, `fixed_fee` or `retainer`.
    billing_method: str | None = None
    #: Rate card by default.
    rate_card: str | None = None
    #: What must be done before the start.
    checklist: list[str] = field(default_factory=list)
    #: Known risks.
    risks: list[str] = field(default_factory=list)
    #: Documents that come with it.
    documents: list[str] = field(default_factory=list)
    #: Where it stands.
    status: TemplateStatus


class Proration(enum.StrEnum):
    """How a part of a period is billed."""

    #: A period that has begun is billed whole.
    NONE = "none"
    #: By days.
    DAILY = "daily"


@dataclass(kw_only=True)
class Provenance:
    """Where a group of fields comes from."""

    #: JSON pointers to the fields; none: all that no other group names.
    fields: list[str] = field(default_factory=list)
    #: The connection they were read through.
    connection: str | None = None
    #: The event that brought them.
    event: Id | None = None
    #: Digest of the plugin that read them.
    plugin: str | None = None
    #: Version of the field mapping.
    mapping: str | None = None


@dataclass(kw_only=True)
class Quantity:
    """A decimal count of a unit."""

    #: How many.
    value: Decimal
    #: Of what.
    unit: Unit


@dataclass(kw_only=True)
class Quote:
    """An offer, and once accepted the approved terms. Canonical object `quote`."""

    #: Identity; `header.external` is the quote (or the opportunity, where the CRM has no quotes).
    header: Header = field(default_factory=lambda: Header())
    #: Quote number, unique within the selling firm: the business key of all that follows.
    number: str
    #: Version; the highest accepted one counts, whatever the order of arrival.
    version: int
    #: The opportunity it closes.
    opportunity: Link
    #: Where it stands.
    status: QuoteStatus
    #: Title of the deal.
    name: str
    #: When it was accepted (closed-won).
    accepted_at: Instant | None = None
    #: The buyer, as the CRM knows it.
    customer: Customer
    #: Code of the selling legal entity.
    selling_entity: str
    #: Contract type: `sow`, `msa`, `change_order`.
    contract_type: str
    #: Currency of every amount in it.
    currency: Currency
    #: Project template to start from.
    template: TemplateRef | None = None
    #: Planned start of work.
    starts_on: datetime.date | None = None
    #: Target margin in percent.
    target_margin_percent: Decimal | None = None
    #: What is sold, line by line.
    lines: list[QuoteLine]
    #: What was agreed beside the lines.
    agreement: Agreement | None = None
    #: Further facts, where anybody knows them.
    details: QuoteDetails | None = None


@dataclass(kw_only=True)
class QuoteApproval:
    """An approval of a quote."""

    #: Who.
    by: str
    #: In which role.
    role: str
    #: When.
    at: Instant


@dataclass(kw_only=True)
class QuoteDetails:
    """Further facts about a quote."""

    #: Who is billed, where it is not the buyer.
    bill_to: Link | None = None
    #: Who sells: e-mail address.
    owner: str | None = None
    #: Last day on which it can be accepted.
    valid_until: datetime.date | None = None
    #: Price list it was made from.
    price_list: str | None = None
    #: Sum of its lines, net.
    net: Money | None = None
    #: Tax.
    tax: Money | None = None
    #: Net and tax.
    gross: Money | None = None
    #: Net less estimated cost.
    margin: Money | None = None
    #: The contract that it changes, for a change order.
    changes: str | None = None
    #: Statements of work and annexes.
    documents: list[Document] = field(default_factory=list)
    #: Who approved it.
    approvals: list[QuoteApproval] = field(default_factory=list)
    #: How it was signed.
    signature: Signature | None = None
    #: How likely it is to be won, in percent.
    probability_percent: Decimal | None = None
    #: Exchange rates as they were when it was made.
    fx: list[FxRate] = field(default_factory=list)


@dataclass(kw_only=True)
class QuoteLine:
    """One sold item."""

    #: Line id, unique in the quote, such as `L1`.
    id: str
    #: What it is.
    description: str
    #: How it is billed.
    billing: BillingMethod
    #: Tax; absent when the selling entity's default applies.
    tax: TaxTreatment | None = None
    #: Estimated cost at completion.
    cost_estimate: Money | None = None
    #: What was agreed beside how it is billed.
    terms: LineTerms | None = None
    #: Further facts, where anybody knows them.
    details: QuoteLineDetails | None = None


@dataclass(kw_only=True)
class QuoteLineDetails:
    """Further facts about a quote's line."""

    #: The item sold, such as a product code.
    item: str | None = None
    #: Target margin in percent.
    margin_percent: Decimal | None = None
    #: First day of the work.
    starts_on: datetime.date | None = None
    #: Last day of the work.
    ends_on: datetime.date | None = None
    #: Code of the company that delivers it, where it is not the one that sells.
    delivering_entity: str | None = None
    #: Tasks it breaks down into, by name.
    tasks: list[str] = field(default_factory=list)


class QuoteStatus(enum.StrEnum):
    """draft -> in_review -> approved -> presented -> accepted | rejected | expired | superseded."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    PRESENTED = "presented"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    CONVERTED = "converted"


@dataclass(kw_only=True)
class RateCard:
    """A price list of work. Canonical object `rate_card`. A published card never changes: a change is a new version."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: Code, unique in the firm.
    code: str
    #: Name.
    name: str
    #: Version of this card.
    version: int
    #: What it holds for.
    scope: RateScope
    #: Which account, region, practice, group, contract or project: its code or canonical id; absent for the default card.
    scope_of: str | None = None
    #: Currency of its rates.
    currency: Currency
    #: First day it holds.
    from_: datetime.date
    #: Last day; absent is for ever.
    to: datetime.date | None = None
    #: Of two cards with the same scope the one with the smaller number is asked first.
    priority: int = 0
    #: Minutes that time is rounded to; absent: as worked.
    increment_minutes: int | None = None
    #: Where it stands.
    status: RateCardStatus
    #: Rates.
    lines: list[RateCardLine]


@dataclass(kw_only=True)
class RateCardLine:
    """One rate. A dimension that is absent matches everything; the more a line names, the more specific it is."""

    #: Id, unique in the card.
    id: str
    #: Role or job.
    role: str | None = None
    #: Seniority or grade.
    seniority: str | None = None
    #: Person: e-mail address.
    resource: str | None = None
    #: Region.
    region: str | None = None
    #: Where it is delivered.
    location: str | None = None
    #: `normal`, `overtime`, `weekend`, `travel`.
    work_type: str | None = None
    #: What one of is charged: hour, day, month or piece.
    unit: Unit
    #: Price per unit.
    bill_rate: Decimal
    #: Cost per unit.
    cost_rate: Decimal | None = None
    #: Lowest price.
    min: Decimal | None = None
    #: Highest price.
    max: Decimal | None = None
    #: Factor of the work type, such as 1.5.
    multiplier: Decimal | None = None
    #: Discount in percent, after the multiplier.
    discount_percent: Decimal | None = None
    #: Least quantity that is charged.
    minimum_charge: Decimal | None = None
    #: Yearly rise in percent.
    escalation_percent: Decimal | None = None


class RateCardStatus(enum.StrEnum):
    """draft -> published -> superseded -> retired."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


class RateScope(enum.StrEnum):
    """What a card holds for, the narrowest first (rule C.2)."""

    CONTRACT = "contract"
    PROJECT = "project"
    ACCOUNT = "account"
    REGION = "region"
    PRACTICE = "practice"
    GROUP = "group"
    DEFAULT = "default"


class RecognitionStatus(enum.StrEnum):
    """planned -> calculated -> posted -> reversed; eliminated between our own companies."""

    PLANNED = "planned"
    CALCULATED = "calculated"
    POSTED = "posted"
    REVERSED = "reversed"
    ELIMINATED = "eliminated"


@dataclass(kw_only=True)
class Registration:
    """A company registration."""

    #: The id.
    id: str
    #: Its scheme (ISO 6523 ICD), such as `0002`.
    scheme: str | None = None


@dataclass(kw_only=True)
class Renewal:
    """How a contract goes on."""

    #: By itself, unless somebody says otherwise.
    automatic: bool
    #: For so many months.
    months: int
    #: Said otherwise so many days before.
    notice_days: int


@dataclass(kw_only=True)
class Represented:
    """Who represents a seller in tax."""

    #: Name (BT-62).
    name: str
    #: VAT id (BT-63).
    vat_id: str
    #: Address (BG-12).
    address: Address


@dataclass(kw_only=True)
class Resource:
    """A person, a contractor or a placeholder that work is planned for. Canonical object `resource`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: What it is.
    kind: ResourceKind
    #: Name; of a placeholder the role it stands for.
    name: str
    #: E-mail address: the key of people across systems. Absent for placeholders.
    email: str | None = None
    #: Employee number.
    employee_id: str | None = None
    #: Code of the legal entity that employs them.
    employer: str | None = None
    #: Home unit.
    unit: str | None = None
    #: Roles they work in.
    roles: list[str] = field(default_factory=list)
    #: Grade.
    grade: str | None = None
    #: Skills.
    skills: list[str] = field(default_factory=list)
    #: What an hour costs, from when.
    cost_rates: list[CostRate] = field(default_factory=list)
    #: Working-time calendar.
    calendar: str | None = None
    #: Hours a week.
    weekly_hours: Decimal | None = None
    #: Where they work.
    location: str | None = None
    #: First day.
    starts_on: datetime.date | None = None
    #: Last day.
    ends_on: datetime.date | None = None
    #: The supplier of a contractor.
    supplier: str | None = None
    #: Whether they can be planned.
    active: bool


class ResourceKind(enum.StrEnum):
    """What a resource is."""

    EMPLOYEE = "employee"
    CONTRACTOR = "contractor"
    PLACEHOLDER = "placeholder"


@dataclass(kw_only=True)
class RevenueIndicator:
    """Revenue of a contract line to date, as the platform computes it; the ERP's books win (rule RR6)."""

    #: Contract line.
    contract_line: str
    #: State at the end of this day.
    as_of: datetime.date
    #: How it was computed: `as_invoiceable`, `percent_of_cost`, `straight_line`, `on_acceptance`.
    method: str
    #: Percent complete, where the method has one.
    percent: Decimal | None = None
    #: Revenue from the start to then.
    revenue: Money
    #: Billed from the start to then, net.
    billed: Money
    #: Revenue earned but not yet billed.
    contract_asset: Money
    #: Billed but not yet earned.
    contract_liability: Money


@dataclass(kw_only=True)
class RevenueMethodAsInvoiceable:
    """Hours times rate when worked, billed or not."""

    method: typing.Literal["as_invoiceable"] = "as_invoiceable"


@dataclass(kw_only=True)
class RevenueMethodPercentOfCost:
    """By cost to date over the cost estimate."""

    method: typing.Literal["percent_of_cost"] = "percent_of_cost"


@dataclass(kw_only=True)
class RevenueMethodPercentOfHours:
    """By hours worked over planned hours."""

    method: typing.Literal["percent_of_hours"] = "percent_of_hours"
    #: Hours at completion.
    planned_hours: Decimal


@dataclass(kw_only=True)
class RevenueMethodByOutput:
    """By reported percent complete."""

    method: typing.Literal["by_output"] = "by_output"


@dataclass(kw_only=True)
class RevenueMethodStraightLine:
    """Evenly over days, the first and the last included."""

    method: typing.Literal["straight_line"] = "straight_line"
    #: First day.
    from_: datetime.date
    #: Last day.
    to: datetime.date


@dataclass(kw_only=True)
class RevenueMethodOnAcceptance:
    """When accepted."""

    method: typing.Literal["on_acceptance"] = "on_acceptance"


#: How revenue is recognised (rule RR1).
RevenueMethod = typing.Union[RevenueMethodAsInvoiceable, RevenueMethodPercentOfCost, RevenueMethodPercentOfHours, RevenueMethodByOutput, RevenueMethodStraightLine, RevenueMethodOnAcceptance]


@dataclass(kw_only=True)
class RevenueRecognition:
    """Revenue of one performance obligation in one period (IFRS 15, ASC 606). Canonical object `revenue_recognition`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: Contract.
    contract_number: str
    #: Its line, which is the performance obligation.
    contract_line: str
    #: Project.
    project: Link | None = None
    #: How revenue is measured.
    method: RevenueMethod
    #: Currency.
    currency: Currency
    #: Transaction price allocated to it.
    transaction_price: Money
    #: Its standalone selling price.
    standalone_price: Money | None = None
    #: Estimated cost at completion.
    estimate_at_completion: Money | None = None
    #: Cost from the start.
    cost_to_date: Money | None = None
    #: Percent complete.
    percent: Decimal | None = None
    #: The period.
    period: Period
    #: Revenue of the period.
    period_revenue: Money
    #: Revenue from the start.
    revenue_to_date: Money
    #: Billed from the start, net of credits.
    billed_to_date: Money
    #: Earned and not billed.
    contract_asset: Money
    #: Billed and not earned.
    contract_liability: Money
    #: Provision for a loss.
    loss_provision: Money | None = None
    #: Journal it is posted in.
    journal: str | None = None
    #: Where it stands.
    status: RecognitionStatus


@dataclass(kw_only=True)
class RoleRate:
    """A rate agreed for a role, and optionally for one person."""

    #: Role, such as `Senior`.
    role: str
    #: Rate per hour, in the quote's currency.
    hourly_rate: Decimal
    #: The person proposed for it: the resource's e-mail address.
    resource: str | None = None
    #: Planned hours.
    hours: Decimal | None = None


@dataclass(kw_only=True)
class Rollover:
    """What rolls over of a retainer's unused hours."""

    #: Hours at most.
    cap_hours: Decimal
    #: For how many periods they live.
    periods: int


class Rounding(enum.StrEnum):
    """How an amount becomes one that can be paid (rule RD1)."""

    #: Half away from zero: 2.345 becomes 2.35, -2.345 becomes -2.35.
    HALF_UP = "half_up"
    #: Half to the even neighbour: 2.345 becomes 2.34.
    HALF_EVEN = "half_even"


@dataclass(kw_only=True)
class ScheduleEntry:
    """One thing that a schedule bills."""

    #: Id, unique in the schedule.
    id: str
    #: When it is due.
    due_on: datetime.date
    #: Service period it covers.
    period: Period | None = None
    #: Net.
    amount: Money
    #: The milestone it stands for.
    milestone: str | None = None
    #: The invoice it is on.
    invoice: Id | None = None
    #: Where it stands.
    status: EntryStatus


class ScheduleMethod(enum.StrEnum):
    """How a schedule bills."""

    IN_ADVANCE = "in_advance"
    IN_ARREARS = "in_arrears"
    MILESTONE = "milestone"
    PROGRESS = "progress"
    USAGE = "usage"
    EVERGREEN = "evergreen"


class ScheduleStatus(enum.StrEnum):
    """draft -> ready -> in_progress -> on_hold -> completed | cancelled."""

    DRAFT = "draft"
    READY = "ready"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


@dataclass(kw_only=True)
class Segments:
    """Where a customer belongs in our reports."""

    region: str | None = None
    practice: str | None = None
    industry: str | None = None


@dataclass(kw_only=True)
class Signature:
    """A signature."""

    #: Who provides it.
    provider: str
    #: The provider's id of what was signed.
    envelope: str
    #: When it was signed, once it is.
    signed_at: Instant | None = None


@dataclass(kw_only=True)
class Task:
    """A piece of the work breakdown. Canonical object `task`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: The project, when the task stands alone.
    project: Link | None = None
    #: Project code, for systems that group tasks by it.
    project_code: str | None = None
    #: Position in the work breakdown, such as `1.2`.
    code: str
    #: Name.
    name: str
    #: Contract line it delivers.
    contract_line: str
    #: Whether its time is charged.
    billing_type: BillingType
    #: Planned hours.
    planned_hours: Decimal | None = None
    #: Further facts, where anybody knows them.
    details: TaskDetails | None = None


@dataclass(kw_only=True)
class TaskDetails:
    """Further facts about a task."""

    #: Code of the task above it.
    parent: str | None = None
    kind: TaskKind | None = None
    status: TaskStatus | None = None
    #: What it waits for.
    predecessors: list[TaskLink] = field(default_factory=list)
    planned_start: datetime.date | None = None
    planned_end: datetime.date | None = None
    actual_hours: Decimal | None = None
    remaining_hours: Decimal | None = None
    percent_complete: Decimal | None = None
    #: What is sold when it is worked on.
    service_item: str | None = None
    cost_code: str | None = None
    #: Whether its cost may be capitalised.
    capitalisable: bool | None = None
    #: Such as `not before 2026-04-01`.
    constraint: str | None = None
    #: Its key in an issue tracker.
    issue_key: str | None = None
    #: No more time on it: it is billed whole.
    locked: bool | None = None


class TaskKind(enum.StrEnum):
    """What a task is."""

    PHASE = "phase"
    TASK = "task"
    MILESTONE = "milestone"
    SUMMARY = "summary"


@dataclass(kw_only=True)
class TaskLink:
    """A task that another waits for."""

    #: Its code.
    task: str
    #: Which end waits for which.
    precedence: Precedence
    #: Days between them; negative where they overlap.
    lag_days: int = 0


class TaskStatus(enum.StrEnum):
    """planned -> ready -> in_progress -> done; cancelled."""

    PLANNED = "planned"
    READY = "ready"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"


class TaxCategory(enum.StrEnum):
    """VAT categories of EN 16931 (UNTDID 5305)."""

    #: Standard rate, reduced rates included.
    S = "S"
    #: Zero rated.
    Z = "Z"
    #: Exempt.
    E = "E"
    #: Reverse charge.
    AE = "AE"
    #: Intra-community supply.
    K = "K"
    #: Export.
    G = "G"
    #: Outside the scope of VAT.
    O = "O"
    #: Canary Islands indirect tax.
    L = "L"
    #: Ceuta and Melilla tax.
    M = "M"


@dataclass(kw_only=True)
class TaxId:
    """A tax id."""

    #: Country (ISO 3166-1).
    country: str
    #: The id, with its country prefix where it has one (Greece: EL).
    id: str
    #: Regime, such as `vat`, `gst`, `sales_tax`.
    regime: str


@dataclass(kw_only=True)
class TaxRegistration:
    """A tax registration."""

    #: ISO 3166-1 alpha-2.
    country: str
    #: Its id.
    id: str
    #: Regime, such as `vat`, `gst`, `oss`.
    regime: str


class TaxStatus(enum.StrEnum):
    """Whether somebody pays tax."""

    TAXABLE = "taxable"
    EXEMPT = "exempt"
    UNREGISTERED = "unregistered"


@dataclass(kw_only=True)
class TaxSubtotal:
    """One row of the tax breakdown (BG-23)."""

    #: Category (BT-118).
    category: TaxCategory
    #: Rate in percent (BT-119).
    rate_percent: Decimal | None = None
    #: Sum of the line nets (BT-116).
    taxable: Money
    #: Tax on it (BT-117).
    tax: Money


@dataclass(kw_only=True)
class TaxTreatment:
    """Tax on one line."""

    #: Category.
    category: TaxCategory
    #: Rate in percent (19, not 0.19); absent for category O.
    rate_percent: Decimal | None = None
    #: Why no tax is charged: required for E, AE, K, G, O; forbidden for S and Z.
    exemption_reason: str | None = None


@dataclass(kw_only=True)
class TemplateMilestone:
    """One milestone of a pattern."""

    #: Code.
    code: str
    #: Name.
    name: str
    #: Share of the price in percent.
    percent: Decimal


@dataclass(kw_only=True)
class TemplateRef:
    """A project template and its version."""

    #: Template id, such as `PT-CONSULT`.
    id: str
    #: Its version.
    version: int


@dataclass(kw_only=True)
class TemplateRole:
    """One role of a pattern."""

    #: Role.
    role: str
    #: Usual hours.
    hours: Decimal


class TemplateStatus(enum.StrEnum):
    """draft -> published -> deprecated."""

    DRAFT = "draft"
    PUBLISHED = "published"
    DEPRECATED = "deprecated"


@dataclass(kw_only=True)
class TemplateTask:
    """One task of a pattern."""

    #: Position in the work breakdown, such as `1.2`.
    code: str
    #: Name.
    name: str
    #: Whether its time is charged.
    billing_type: BillingType
    #: Usual hours.
    hours: Decimal | None = None


@dataclass(kw_only=True)
class Termination:
    """How a contract ended."""

    #: Its last day.
    on: datetime.date
    #: By whom: `customer` or `seller`.
    by: str
    #: Why.
    reason: str


@dataclass(kw_only=True)
class TimeDetails:
    """Further facts about an entry of time."""

    #: The timesheet it stands on.
    timesheet: Link | None = None
    #: When the work began.
    started_at: Instant | None = None
    #: When it ended.
    stopped_at: Instant | None = None
    #: Zone that its day is meant in (IANA).
    zone: str | None = None
    #: Project.
    project: Link | None = None
    #: Assignment.
    assignment: Link | None = None
    #: Role it was worked in.
    role: str | None = None
    #: What kind of work.
    work_type: WorkType | None = None
    #: Minutes that are charged, where they are not the minutes worked.
    billable_minutes: int | None = None
    #: Where.
    location: str | None = None
    #: A note that the customer does not see.
    internal_note: str | None = None
    #: Its key where it was first written, such as a worklog's id.
    source_key: str | None = None
    #: Minutes that rounding to an increment added, or took when negative.
    rounding_minutes: int | None = None
    #: Rate, frozen at approval (rule RT5).
    bill_rate: TimeRate | None = None
    #: What an hour costs us.
    cost_rate: Money | None = None
    #: The entry it corrects.
    correction_of: Id | None = None
    #: The entry it was split from.
    split_of: Id | None = None
    #: The invoice line it is on.
    invoiced_line: str | None = None


@dataclass(kw_only=True)
class TimeEntry:
    """Work that somebody recorded. Canonical object `time_entry`."""

    #: Identity; `header.external` is the source key, `header.version` its revision there.
    header: Header = field(default_factory=lambda: Header())
    #: The task it was booked on.
    task: Link
    #: Who worked: e-mail address.
    resource: str
    #: Date of work in the legal entity's zone (rule RT1).
    date: datetime.date
    #: Whole minutes worked (rule RD2).
    minutes: int
    #: Whether it is charged.
    billing_type: BillingType
    #: Where it stands.
    status: TimeStatus
    #: Approver, once approved.
    approved_by: str | None = None
    #: When it was approved.
    approved_at: Instant | None = None
    #: What the customer may read.
    note: str | None = None
    #: Further facts, where anybody knows them.
    details: TimeDetails | None = None


@dataclass(kw_only=True)
class TimeRate:
    """A rate as it was found."""

    #: Per hour.
    hourly: Money
    #: Row it comes from.
    row: str


class TimeStatus(enum.StrEnum):
    """draft -> submitted -> approved | rejected; deleted at the source."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    DELETED = "deleted"


@dataclass(kw_only=True)
class Timesheet:
    """A person's time of a period, handed in together. Canonical object `timesheet`."""

    #: Identity.
    header: Header = field(default_factory=lambda: Header())
    #: Whose: e-mail address.
    resource: str
    #: First day.
    from_: datetime.date
    #: Last day.
    to: datetime.date
    #: Where it stands: as its entries.
    status: TimeStatus
    #: When it was handed in.
    submitted_at: Instant | None = None
    #: Who approved it.
    approved_by: str | None = None
    #: When.
    approved_at: Instant | None = None
    #: Minutes in all.
    minutes: int
    #: Its entries.
    entries: list[Id] = field(default_factory=list)


@dataclass(kw_only=True)
class Tombstone:
    """That an object is no more, and who said so."""

    #: When.
    deleted_at: Instant
    #: Who, or which connection.
    by: str
    #: Why.
    reason: str


@dataclass(kw_only=True)
class Totals:
    """Document totals (BG-22), sums of the rounded lines (BR-CO-10)."""

    #: Total without tax (BT-109).
    net: Money
    #: Total tax (BT-110).
    tax: Money
    #: Total with tax (BT-112).
    gross: Money
    #: Already paid in advance (BT-113).
    prepaid: Money
    #: Due for payment (BT-115).
    due: Money


class Unit(enum.StrEnum):
    """A unit of measure, by its UN/ECE Recommendation 20 code."""

    #: Hour.
    HUR = "HUR"
    #: Minute.
    MIN = "MIN"
    #: Day (24 h as a count of days).
    DAY = "DAY"
    #: Working day.
    E49 = "E49"
    #: Week.
    WEE = "WEE"
    #: Month.
    MON = "MON"
    #: Year.
    ANN = "ANN"
    #: One piece.
    C62 = "C62"
    #: Lump sum.
    LS = "LS"
    #: Kilometre.
    KMT = "KMT"
    #: Percent.
    P1 = "P1"


class WorkType(enum.StrEnum):
    """What kind of work."""

    NORMAL = "normal"
    OVERTIME = "overtime"
    WEEKEND = "weekend"
    TRAVEL = "travel"


@dataclass(kw_only=True)
class Xref:
    """One system's name for a canonical object."""

    #: The connection (one tenant's configured use of a connector).
    connection: str
    #: What that system calls this kind of record.
    object: str
    #: The record's id there.
    external: str
    #: The system's version of it when it was last seen.
    version: str | None = None
    #: When it was seen last.
    last_seen: Instant | None = None
    #: Whether it is still there.
    state: XrefState = field(default_factory=lambda: XrefState("active"))


class XrefState(enum.StrEnum):
    """What became of a record in its system."""

    #: It is there.
    ACTIVE = "active"
    #: It was merged into another record.
    MERGED = "merged"
    #: It was deleted.
    DELETED = "deleted"


#: Every kind of canonical object, and its type.
OBJECTS: dict[str, type] = {
    "assignment": Assignment,
    "billing_event": Charge,
    "billing_schedule": BillingSchedule,
    "billing_setup": BillingSetup,
    "contract": Contract,
    "customer": Customer,
    "deal_status": DealStatus,
    "expense": ExpenseItem,
    "invoice": Invoice,
    "legal_entity": Company,
    "milestone": Milestone,
    "payment": Payment,
    "project": Project,
    "project_financials": ProjectFinancials,
    "project_template": ProjectTemplate,
    "quote": Quote,
    "rate_card": RateCard,
    "resource": Resource,
    "revenue_recognition": RevenueRecognition,
    "task": Task,
    "time_entry": TimeEntry,
    "timesheet": Timesheet,
}
