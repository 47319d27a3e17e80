// Made from host/canonical/schemas by `cargo xtask sdk`; do not edit.

/** An exact decimal as its digits, such as `1000.50`; made by `decimal()`. Never a float. */
export type Decimal = string & { readonly __decimal: unique symbol };
/** A calendar day, `2026-03-02`. */
export type Day = string;
/** An instant with its zone, `2026-03-02T10:15:00Z`. */
export type Instant = string;

/** Proof that a customer accepted. */
export interface Acceptance {
  /** Who accepted. */
  by: string;
  /** The day it counts from, in the legal entity's zone. */
  on: Day;
  /** SHA-256 of the evidence, 64 hex digits. */
  evidence_sha256: string;
}

/** An accounting period. */
export interface AccountingPeriod {
  /** First day. */
  from: Day;
  /** Last day. */
  to: Day;
  /** Whether nothing is posted into it any more. */
  closed: boolean;
}

/** A postal address. */
export interface Address {
  /** What it is for: `billing`, `shipping`, `registered`. */
  purpose?: string;
  /** Street and number, as lines. */
  lines?: string[];
  /** City. */
  city?: string;
  /** Postal code. */
  postal_code?: string;
  /** ISO 3166-1 alpha-2. */
  country?: string;
}

/** What becomes of the rest of an advance (rules RE1 and RE4). */
export type AdvanceEnd =
  /** A credit note gives it back. */
  | "refund"
  /** It lapses: revenue, never a credit. */
  | "expire";

/** Money to be paid before the work, and set off against later invoices. */
export interface AdvanceTerm {
  /** Code, unique in the contract, such as `ADV1`. */
  code: string;
  /** Contract line that it is booked on; its tax applies. */
  line: string;
  /** Amount, net. */
  amount: Money;
  /** The day from which it is invoiced. */
  due_on: Day;
  /** What becomes of a rest at the end. */
  at_end?: AdvanceEnd;
}

/** Terms of a contract beside its lines. */
export interface Agreement {
  /** Limits over the whole contract, or on what one payer pays (rule NX1). */
  caps?: LevelCap[];
  /** Expenses count against caps too (rule NX6). */
  expenses_count?: boolean;
  /** Who pays, when several do; percents total 100. None: the customer pays all. */
  payers?: Payer[];
  /** Money paid before the work (rule RE1). */
  advances?: AdvanceTerm[];
  /** Exchange rates that may be used, each from its day until the next of the same pair (RD7, RT4). */
  fx?: FxRate[];
  /** Contracts of one customer that name the same key here are billed together, on one invoice; often the number of the frame agreement they stand under. */
  billed_with?: string | null;
}

/** A document that a payment settles. */
export interface Application {
  /** The document. */
  invoice: Link;
  /** How much of it. */
  amount: Money;
  /** Taken off for paying early. */
  discount?: Money | null;
  /** Given up. */
  write_off?: Money | null;
}

/** Somebody planned on a project. Canonical object `assignment`. */
export interface Assignment {
  /** Identity. */
  header?: Header;
  /** The project. */
  project: Link;
  /** The task, where it is narrower than the project. */
  task?: Link | null;
  /** The person: e-mail address. */
  resource: string;
  /** Role in this assignment. */
  role: string;
  /** How firm it is. */
  status: AssignmentStatus;
  /** Rate it will be billed at, per hour. */
  bill_rate?: Money | null;
  /** Where that rate comes from, such as `contract_line:L1:role:Senior`. */
  rate_source?: string | null;
  /** Planned hours. */
  hours?: Decimal | null;
  /** Further facts, where anybody knows them. */
  details?: AssignmentDetails | null;
}

/** Further facts about an assignment. */
export interface AssignmentDetails {
  /** First day. */
  starts_on?: Day | null;
  /** Last day. */
  ends_on?: Day | null;
  /** Share of the person's time, in percent. */
  allocation_percent?: Decimal | null;
  /** How the hours spread over the days, such as `even` or `front_loaded`. */
  curve?: string | null;
  /** What an hour costs us. */
  cost_rate?: Money | null;
  /** Who agreed to it. */
  approved_by?: string | null;
  /** Share of the person's time that should be charged, in percent. */
  utilisation_target_percent?: Decimal | null;
}

/** requested -> soft -> hard -> released; declined. */
export type AssignmentStatus =
  | "requested"
  | "soft"
  | "hard"
  | "declined"
  | "released";

/** Something attached to a document. */
export interface Attachment {
  /** File name. */
  name: string;
  /** Media type. */
  media: string;
  /** SHA-256 of it, 64 hex digits. */
  sha256: string;
}

/** A bank account. */
export interface BankAccount {
  /** IBAN. */
  iban: string;
  /** BIC. */
  bic?: string | null;
  /** Currency. */
  currency: Currency;
}

/** Where work beyond a cap goes. */
export type BeyondCap =
  /** It is billed on the same line at another rate, outside the line's cap. */
  | { to: "rate"; hourly_rate: Decimal }
  /** It is billed on another line, at its own rate, under that line's cap. */
  | { to: "line"; line: string }
  /** It is not charged, and counts for the margin only. */
  | { to: "non_billable" };

/** How a line turns work into invoices. */
export type BillingMethod =
  /** Hours at rates, up to an optional cap. */
  | { method: "time_and_materials"; roles: RoleRate[]; cap?: Cap | null }
  /** A fixed price, billed by milestones, or by percent complete where the line's terms say so. */
  | { method: "fixed_fee"; price: Money; milestones: MilestoneTerm[] }
  /** A fixed amount per month for a number of hours, billed in advance. */
  | { method: "retainer"; hours_per_month: Decimal; hourly_rate: Decimal; overage_rate: Decimal; starts_on: Day };

/** When and how a contract line is billed. Canonical object `billing_schedule`. */
export interface BillingSchedule {
  /** Identity. */
  header?: Header;
  /** Contract. */
  contract_number: string;
  /** Its line. */
  contract_line: string;
  /** How it is billed. */
  method: ScheduleMethod;
  /** How often; absent for milestones, progress and usage. */
  frequency?: Frequency | null;
  /** Day of the month, 1 to 31; the last day where a month has fewer. */
  bill_day?: number | null;
  /** First billing date. */
  first_on?: Day | null;
  /** Next billing date. */
  next_on?: Day | null;
  /** Service up to this day is billed. */
  billed_through?: Day | null;
  /** From this day on nothing is billed any more. */
  cancelled_on?: Day | null;
  /** Currency of its amounts. */
  currency: Currency;
  /** Amount of one period, net. */
  period_amount?: Money | null;
  /** The whole, net, where it is known. */
  total?: Money | null;
  /** Posted, net of credits. */
  billed: Money;
  /** Drafted and not posted, net. */
  pending: Money;
  /** Tax. */
  tax?: TaxTreatment | null;
  /** Lines of one customer with the same key share an invoice, across contracts. */
  group_key?: string | null;
  /** How a part of a period is billed. */
  proration?: Proration;
  /** Why nothing is billed for now, and who says so. */
  hold?: Hold | null;
  /** Where it stands. */
  status: ScheduleStatus;
  /** What it bills, in order. */
  entries?: ScheduleEntry[];
}

/** What the ERP must hold before anything can be billed. Canonical object `billing_setup`. */
export interface BillingSetup {
  /** Identity. */
  header?: Header;
  /** Contract it serves. */
  contract_number: string;
  /** Project code and name, for the ERP's own project record. */
  project_code: string;
  /** Project name. */
  project_name: string;
  /** The project. */
  project: Link;
  /** The customer. */
  customer: Link;
  /** Code of the selling legal entity. */
  selling_entity: string;
  /** Currency. */
  currency: Currency;
  /** Days from issue to due date. */
  payment_terms_days: number;
  /** Start of work. */
  starts_on?: Day | null;
  /** Contract lines with their billing terms: rates, cap, milestones, retainer. */
  lines: ContractLine[];
  /** Milestones with their amounts, per fixed-fee line. */
  milestones?: Milestone[];
}

/** Whether time is charged (rule TM1). */
export type BillingType =
  /** Charged. */
  | "chargeable"
  /** Not charged, kept for the margin only. */
  | "non_chargeable"
  /** Shown on the invoice at 0.00. */
  | "complimentary";

/** A not-to-exceed limit, net of tax, in contract currency (rules NX1 to NX6). */
export interface Cap {
  /** The limit. */
  limit: Money;
  /** What happens at it. */
  mode: CapMode;
}

/** What happens to work beyond a cap (rule NX2). */
export type CapMode =
  /** The whole entry is refused. */
  | "block"
  /** The entry is split at the limit. */
  | "fit"
  /** The rest goes to the next rule. */
  | "spill"
  /** Billed all the same, with a warning. */
  | "warn";

/** What the cap of its line says. */
export type CapStanding =
  /** Not looked at yet. */
  | "not_evaluated"
  /** It has its room. */
  | "committed"
  /** There is none. */
  | "failed"
  /** No cap counts for it. */
  | "not_applicable";

/** A proof of exemption. */
export interface Certificate {
  /** Number. */
  id: string;
  /** Country (ISO 3166-1). */
  country: string;
  /** First day. */
  from?: Day | null;
  /** Last day. */
  to?: Day | null;
}

/** One amount to be billed, with where it comes from. Canonical object `billing_event`. */
export interface Charge {
  /** Identity; the id is derived from what is charged, so that it exists once. */
  header?: Header;
  /** Contract. */
  contract_number: string;
  /** Its line. */
  contract_line: string;
  /** Project. */
  project?: Link | null;
  /** What is charged. */
  source: ChargeSource;
  /** Canonical id of the time, expense, milestone or schedule entry. */
  source_id?: Id | null;
  /** Revision of the source that was charged: a newer one makes it stale (rule TM5). */
  source_revision?: string | null;
  /** Rule or rate row that priced it, with its version. */
  rule?: string | null;
  /** How much. */
  quantity: Quantity;
  /** Price per unit. */
  rate: Decimal;
  /** Currency. */
  currency: Currency;
  /** Before the discount, six decimals. */
  gross: Decimal;
  /** Discount, six decimals. */
  discount: Decimal;
  /** After the discount, six decimals; negative when it takes something back. */
  net: Decimal;
  /** Tax. */
  tax: TaxTreatment;
  /** When the service was given. */
  service: Period;
  /** Whether it may be billed. */
  stage: ChargeStage;
  /** What its cap says. */
  cap?: CapStanding;
  /** Charges of one customer with the same key share an invoice. */
  group_key?: string | null;
  /** Code of the payer, where several pay. */
  payer?: string | null;
  /** Revenue account in the books. */
  revenue_account?: string | null;
  /** The invoice it is on. */
  invoice?: Id | null;
  /** The charge it takes back. */
  reversal_of?: Id | null;
  /** Where it stands. */
  status: ChargeStatus;
}

/** What is charged. */
export type ChargeSource =
  | "time"
  | "expense"
  | "milestone"
  | "schedule"
  | "adjustment";

/** Whether it may be billed. */
export type ChargeStage =
  | "ready"
  | "hold"
  | "non_billable";

/** generated -> approved -> released -> invoiced -> posted; recalculated while generated; reverted from any. */
export type ChargeStatus =
  | "generated"
  | "recalculated"
  | "approved"
  | "released"
  | "invoiced"
  | "posted"
  | "reverted";

/** What some work is to the customer. */
export interface Chargeable {
  /** Which: `project`, `task`, `role` or `category`. */
  of: string;
  /** Its code or name. */
  name: string;
  /** Charged, given, or neither. */
  billing_type: BillingType;
}

/** One of our own companies as the books know it. Canonical object `legal_entity`. */
export interface Company {
  /** Identity. */
  header?: Header;
  /** Who sells, and under which rules. */
  entity: LegalEntity;
  /** Currency of the group's reports. */
  reporting_currency?: Currency | null;
  /** Accounting periods, the oldest first. */
  periods?: AccountingPeriod[];
  /** Further tax registrations. */
  registrations?: TaxRegistration[];
  /** Number series of documents. */
  number_series?: NumberSeries[];
  /** Where it is paid. */
  bank_accounts?: BankAccount[];
  /** Our other companies, as its books call them: code of the entity and partner code. */
  intercompany?: PartnerCode[];
  /** Its address in e-invoice networks, with the scheme (EAS). */
  e_addresses?: ElectronicAddress[];
  /** Where it stands. */
  status: CompanyStatus;
}

/** draft -> active -> closing -> dissolved. */
export type CompanyStatus =
  | "draft"
  | "active"
  | "closing"
  | "dissolved";

/** Somebody there. Personal data. */
export interface Contact {
  /** Name. */
  name: string;
  /** What for, such as `billing`. */
  purpose?: string | null;
  /** E-mail address. */
  email?: string | null;
  /** Telephone. */
  phone?: string | null;
}

/** A signed agreement, as derived from the accepted quote. Canonical object `contract`. */
export interface Contract {
  /** Identity. */
  header?: Header;
  /** Contract number: the quote's number. */
  number: string;
  /** Version of the quote it follows. */
  quote_version: number;
  /** Contract type. */
  contract_type: string;
  /** Buyer. */
  customer: Link;
  /** Code of the selling legal entity. */
  selling_entity: string;
  /** Currency. */
  currency: Currency;
  /** Days from issue to due date. */
  payment_terms_days: number;
  /** Lines. */
  lines: ContractLine[];
  /** What was agreed beside the lines. */
  agreement?: Agreement;
  /** Further facts, where anybody knows them. */
  details?: ContractDetails | null;
}

/** Further facts about a contract. */
export interface ContractDetails {
  /** Where it stands. */
  status?: ContractStatus | null;
  /** How often it was amended. */
  amendment?: number | null;
  /** The unit that contracts. */
  contracting_unit?: string | null;
  /** Codes of the companies that deliver. */
  delivering_entities?: string[];
  /** First day. */
  starts_on?: Day | null;
  /** Last day. */
  ends_on?: Day | null;
  /** How it was signed. */
  signature?: Signature | null;
  /** What it is worth, net. */
  value?: Money | null;
  /** What of it is charged, given, or neither. */
  chargeable?: Chargeable[];
  /** The customer's purchase orders (BT-13). */
  purchase_orders?: string[];
  /** How it goes on after its last day. */
  renewal?: Renewal | null;
  /** How it ended before that. */
  termination?: Termination | null;
  /** What is owed to the customer, for revenue (IFRS 15). */
  obligations?: Obligation[];
  /** How prices rise. */
  escalation?: Escalation | null;
  /** Whose law governs it (ISO 3166-1). */
  governing_law?: string | null;
  /** The contract itself and its annexes. */
  documents?: Document[];
}

/** One line of a contract. */
export interface ContractLine {
  /** The quote line's id. */
  id: string;
  /** What it is. */
  description: string;
  /** How it is billed. */
  billing: BillingMethod;
  /** Tax. */
  tax: TaxTreatment;
  /** Estimated cost at completion. */
  cost_estimate?: Money | null;
  /** What was agreed beside how it is billed. */
  terms?: LineTerms;
}

/** draft -> pending_signature -> active -> amended -> completed -> closed; suspended; cancelled. */
export type ContractStatus =
  | "draft"
  | "pending_signature"
  | "active"
  | "amended"
  | "suspended"
  | "completed"
  | "closed"
  | "cancelled";

/** What an hour of somebody costs from a day on. */
export interface CostRate {
  /** First day. */
  from: Day;
  /** Per hour. */
  hourly: Money;
}

/** How far a customer is trusted with unpaid work. */
export interface Credit {
  /** The standing. */
  status: CreditStatus;
  /** Highest open amount, where one is set. */
  limit?: Money | null;
  /** Why it is on hold. */
  reason?: string | null;
}

/** Credit standing, apart from the customer's lifecycle. */
export type CreditStatus =
  | "ok"
  | "warn"
  | "hold"
  | "blocked";

/** ISO 4217 code */
export type Currency = string;

/** Who buys. Canonical object `customer`. */
export interface Customer {
  /** Identity and custom fields. */
  header?: Header;
  /** Legal name. */
  name: string;
  /** Name of the parent organisation, where there is one. */
  parent_name?: string | null;
  /** VAT id with country prefix (Greece uses EL). */
  vat_id?: string | null;
  /** ISO 3166-1 alpha-2 country of tax residence. */
  country?: string | null;
  /** Postal addresses. */
  addresses?: Address[];
  /** Days from issue to due date. */
  payment_terms_days?: number | null;
  /** Currency it is usually billed in. */
  currency?: Currency | null;
  /** Credit standing. */
  credit?: Credit | null;
  /** Lifecycle state. */
  status?: CustomerStatus;
  /** Further facts, where anybody knows them. */
  details?: CustomerDetails | null;
}

/** Further facts about a customer. */
export interface CustomerDetails {
  /** Name it trades under. */
  trading_name?: string | null;
  /** Our number for it. */
  customer_number?: string | null;
  /** The organisation above it. */
  parent?: Link | null;
  /** The organisation at the top. */
  ultimate_parent?: Link | null;
  /** What it is in its hierarchy. */
  hierarchy_roles?: HierarchyRole[];
  /** Company registration. */
  registration?: Registration | null;
  /** Tax ids beside the VAT id. */
  tax_ids?: TaxId[];
  /** Whether it pays tax. */
  tax_status?: TaxStatus | null;
  /** Proofs that it does not. */
  certificates?: Certificate[];
  /** People there. */
  contacts?: Contact[];
  /** Where e-invoices go (BT-49). */
  e_address?: ElectronicAddress | null;
  /** Its price list or rate card. */
  rate_card?: string | null;
  /** What it owes and has ordered. */
  credit_exposure?: Money | null;
  /** When its credit was looked at. */
  credit_reviewed_at?: Instant | null;
  /** How far it is reminded of what it owes; 0 is not at all. */
  dunning_level?: number | null;
  /** Ledger account of what it owes. */
  receivable_account?: string | null;
  /** Where it belongs in our reports. */
  segments?: Segments | null;
  /** The customer it was merged into. */
  merged_into?: Id | null;
}

/** prospect -> active -> on_hold -> inactive -> merged. */
export type CustomerStatus =
  | "prospect"
  | "active"
  | "on_hold"
  | "inactive"
  | "merged";

/** How far delivery of a deal is, in sales' words. */
export type DealStage =
  | "set_up_started"
  | "on_hold"
  | "implementation_started"
  | "invoiced"
  | "partially_paid"
  | "paid"
  | "cancelled";

/** What sales sees of a deal after it closed. Canonical object `deal_status`. */
export interface DealStatus {
  /** Identity. */
  header?: Header;
  /** The opportunity to write it to. */
  opportunity: Link;
  /** Quote number. */
  quote_number: string;
  /** How far delivery is. */
  stage: DealStage;
  /** Why, where the stage needs a word. */
  reason?: string | null;
  /** Project code, once there is one. */
  project_code?: string | null;
  /** The last invoice. */
  invoice?: InvoiceSummary | null;
  /** Revenue indicators, per contract line. */
  revenue?: RevenueIndicator[];
}

/** A discount on prices. */
export interface Discount {
  /** How much, in percent. */
  percent: Decimal;
  /** Why, for who looks at the margin later. */
  reason: string;
}

/** A document, by what it contains. */
export interface Document {
  /** Name. */
  name: string;
  /** SHA-256 of it, 64 hex digits. */
  sha256: string;
}

/** How far an e-invoice is. */
export type EInvoiceStatus =
  | "not_sent"
  | "sent"
  | "delivered"
  | "accepted"
  | "refused";

/** An address in an e-invoice network. */
export interface ElectronicAddress {
  /** Scheme (EAS code list), such as `0088`. */
  scheme: string;
  /** Address. */
  address: string;
}

/** planned -> ready -> invoiced -> posted -> reversed. */
export type EntryStatus =
  | "planned"
  | "ready"
  | "invoiced"
  | "posted"
  | "reversed";

/** How prices rise. */
export interface Escalation {
  /** By an index, such as `HICP`; absent for a fixed percentage. */
  index?: string | null;
  /** By so many percent a year, or at most so many. */
  percent?: Decimal | null;
  /** First on this day. */
  from: Day;
}

/** Money that somebody spent for a project. Canonical object `expense`. */
export interface ExpenseItem {
  /** Identity; `header.external` is the source key, `header.version` its revision there. */
  header?: Header;
  /** Number of the report it is on. */
  report?: string | null;
  /** Line of the report. */
  report_line?: string | null;
  /** The project. */
  project: Link;
  /** The task, where it is narrower than the project. */
  task?: Link | null;
  /** Contract line it is charged on. */
  contract_line: string;
  /** Who spent it: e-mail address. */
  resource: string;
  /** The day it was incurred. */
  date: Day;
  /** Category, such as `travel`. */
  category: string;
  /** Who was paid. */
  merchant?: string | null;
  /** What it was for. */
  description: string;
  /** As spent, input tax included. */
  amount: Money;
  /** Input tax in it that comes back from the tax office: comes off before the markup (rule TM3). */
  reclaimable_tax?: Money | null;
  /** Rate into the contract's currency, where it is another one. */
  fx?: FxRate | null;
  /** SHA-256 of the receipt, 64 hex digits. */
  receipt_sha256?: string | null;
  /** Whether the person gets it back. */
  reimbursable?: boolean;
  /** Whether the customer pays it. */
  billable: boolean;
  /** Markup in percent on the base without reclaimable tax. */
  markup_percent?: Decimal | null;
  /** What the expense policy says. */
  policy?: ExpensePolicy;
  /** How it was paid, such as `company_card`. */
  payment_method?: string | null;
  /** Kilometres or days, where it is counted by them. */
  basis?: Quantity | null;
  /** Where it stands. */
  status: ExpenseStatus;
  /** Approver, once approved. */
  approved_by?: string | null;
  /** When it was approved. */
  approved_at?: Instant | null;
}

/** What an expense policy says. */
export type ExpensePolicy =
  /** Not looked at. */
  | "not_checked"
  /** Within it. */
  | "within"
  /** Against it, and allowed by somebody. */
  | "exception"
  /** Against it. */
  | "violation";

/** draft -> submitted -> approved -> reimbursed | rejected; deleted at the source. An approval is not final: some systems reject what was approved. */
export type ExpenseStatus =
  | "draft"
  | "submitted"
  | "approved"
  | "rejected"
  | "reimbursed"
  | "deleted";

/** How often. */
export type Frequency =
  | "weekly"
  | "monthly"
  | "quarterly"
  | "half_yearly"
  | "yearly";

/** An exchange rate as it was used or agreed: stored, never looked up again, never inverted. */
export interface FxRate {
  /** Currency converted from. */
  from: Currency;
  /** Currency converted to. */
  to: Currency;
  /** Units of `to` for one of `from`. */
  rate: Decimal;
  /** The day it holds from. */
  on: Day;
  /** Who published it. */
  source: string;
}

/** What every object carries beside its business fields. */
export interface Header {
  /** Canonical id. Absent on objects that a connector just read: the host assigns it. */
  id?: Id | null;
  /** The id in the system that the object was read from or written to. */
  external?: string | null;
  /** The source system's own version of the record (etag, modification stamp). */
  version?: string | null;
  /** The same object in connected systems. */
  xrefs?: Xref[];
  /** How often it changed since it is known here, from 1. */
  revision?: number | null;
  /** Version of the schema it was written in; absent is the first. */
  schema_version?: number | null;
  /** First day on which it holds; absent is always. */
  valid_from?: Day | null;
  /** Last day on which it holds; absent is for ever. */
  valid_to?: Day | null;
  /** When it was recorded here: the second axis of time. */
  recorded_at?: Instant | null;
  /** Why its status is what it is. */
  status_reason?: string | null;
  /** The connection whose word counts when systems differ. */
  source_of_record?: string | null;
  /** The zone it must not leave, such as `EU`. */
  residency?: string | null;
  /** Where its fields come from, group by group. */
  provenance?: Provenance[];
  /** That it was deleted. */
  tombstone?: Tombstone | null;
  /** Custom fields, by vendor field name; they travel with the object and survive round trips. */
  ext?: Record<string, string>;
}

/** How a project is. */
export type Health =
  | "green"
  | "amber"
  | "red";

/** What an organisation is in its hierarchy. */
export type HierarchyRole =
  | "bill_to"
  | "sold_to"
  | "ship_to"
  | "payer"
  | "end_client";

/** Why something waits. */
export interface Hold {
  /** Why. */
  reason: string;
  /** Who says so. */
  by: string;
}

/** One step of hours within a month. */
export interface HoursStep {
  /** Hours it takes at most; absent for all that come. */
  up_to_hours?: Decimal | null;
  /** Rate per hour; zero for hours that a fee has paid for, absent for the work's own rate. */
  hourly_rate?: Decimal | null;
}

/** A canonical id: a UUID in its hyphenated lower-case form, never a vendor's id. */
export type Id = string;

/** An invoice or credit note. Canonical object `invoice`. */
export interface Invoice {
  /** Identity. */
  header?: Header;
  /** Number (BT-1); the ERP assigns it when it posts. */
  number?: string | null;
  /** Type (BT-3). */
  kind: InvoiceType;
  /** Issue date (BT-2). */
  issued_on: Day;
  /** Due date (BT-9). */
  due_on: Day;
  /** Currency (BT-5). */
  currency: Currency;
  /** Code of the seller. */
  selling_entity: string;
  /** Seller's name (BT-27) and VAT id (BT-31), as printed. */
  seller_name: string;
  /** Seller's VAT id (BT-31). */
  seller_vat_id: string;
  /** Seller's postal address (BG-5), as printed. */
  seller_address?: Address | null;
  /** Buyer, as printed (BG-7). */
  buyer: Customer;
  /** The customer. */
  customer: Link;
  /** The project (BT-11). */
  project?: Link | null;
  /** Project code, as printed. */
  project_code?: string | null;
  /** Contract number (BT-12). */
  contract_number: string;
  /** The invoice it corrects (BT-25), by its posted number. */
  preceding_invoice?: string | null;
  /** Billing period (BG-14). */
  period?: Period | null;
  /** Lines (BG-25). */
  lines: InvoiceLine[];
  /** Tax breakdown (BG-23), one row per category and rate. */
  tax: TaxSubtotal[];
  /** Totals (BG-22). */
  totals: Totals;
  /** Where it stands. */
  status: InvoiceStatus;
  /** Further facts, where anybody knows them. */
  details?: InvoiceDetails | null;
}

/** Further facts about a document. Names follow EN 16931. */
export interface InvoiceDetails {
  /** The day the tax falls due (BT-7). */
  tax_point?: Day | null;
  /** Currency the tax is also told in (BT-6). */
  tax_currency?: Currency | null;
  /** Who is paid, where it is not the seller (BG-10). */
  payee?: string | null;
  /** Who represents the seller in tax (BG-11). */
  tax_representative?: Represented | null;
  /** The buyer's own reference (BT-10). */
  buyer_reference?: string | null;
  /** The buyer's order (BT-13). */
  purchase_order?: string | null;
  /** Payment terms in words (BT-20). */
  payment_terms?: string | null;
  /** How it is to be paid (BT-81, UNTDID 4461), such as `58`. */
  payment_means?: string | null;
  /** What is attached (BG-24). */
  attachments?: Attachment[];
  /** How far it is as an e-invoice. */
  e_invoice?: EInvoiceStatus | null;
  /** How the ERP booked it. */
  posted?: Posted | null;
}

/** One line (BG-25). */
export interface InvoiceLine {
  /** Line id (BT-126). */
  id: string;
  /** What it is for (BT-153). */
  description: string;
  /** Contract it bills, on a document that bills several. */
  contract_number?: string | null;
  /** Contract line it bills. */
  contract_line: string;
  /** Quantity (BT-129, unit BT-130). */
  quantity: Quantity;
  /** Net price per unit (BT-146). */
  unit_price: Decimal;
  /** Net amount (BT-131). */
  net: Money;
  /** Tax (BG-30). */
  tax: TaxTreatment;
  /** When the service was given (BG-26). */
  service_period?: Period | null;
  /** Ids of the billing events it sums: the way back to entries, rates and rules. */
  billing_events?: string[];
}

/** draft -> approved -> posted -> partially_paid -> paid; void before posting; credited. */
export type InvoiceStatus =
  | "draft"
  | "approved"
  | "posted"
  | "partially_paid"
  | "paid"
  | "void"
  | "disputed"
  | "credited"
  | "written_off";

/** An invoice in one line. */
export interface InvoiceSummary {
  /** Number. */
  number: string;
  /** Net. */
  net: Money;
  /** Gross. */
  gross: Money;
  /** Still to pay. */
  open: Money;
  /** Due date. */
  due_on: Day;
  /** Status. */
  status: InvoiceStatus;
}

/** Document types (UNTDID 1001). */
export type InvoiceType =
  /** Commercial invoice. */
  | "380"
  /** Credit note. Amounts on it are positive: the type turns the sign. */
  | "381"
  /** Prepayment invoice. */
  | "386";

/** One of our own companies: who sells, and under which rules. */
export interface LegalEntity {
  /** Short code used by routes and quotes, such as `DE01`. */
  code: string;
  /** Registered name. */
  name: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  /** Functional currency. */
  currency: Currency;
  /** IANA time zone: a business date is a date in this zone. */
  zone: string;
  /** VAT id. */
  vat_id: string;
  /** Registered address. */
  address: Address;
  /** How its documents round. */
  rounding?: Rounding;
  /** Tax charged to a customer of the same country, by default. */
  default_tax: TaxTreatment;
  /** Last closed accounting period: the last day of it. Nothing posts on or before this date. */
  closed_through?: Day | null;
}

/** A limit wider than a line, or on one payer. */
export interface LevelCap {
  /** Contract line; absent for all of them. */
  line?: string | null;
  /** Code of the payer; absent for all of them. */
  payer?: string | null;
  /** The limit, net. */
  limit: Money;
  /** What happens at it. */
  mode: CapMode;
}

/** Terms of one line beside its billing method. Each is absent where nothing was agreed. */
export interface LineTerms {
  /** A discount on the line's prices (rule RT6). */
  discount?: Discount | null;
  /** Share of each milestone kept back until final acceptance, in percent (rule FM3). */
  retention_percent?: Decimal | null;
  /** The fixed price is billed by percent complete instead of by milestones (rule FM4). */
  progress?: OverBilled | null;
  /** Where work beyond the cap goes, with cap mode `spill` (rule NX2). */
  beyond_cap?: BeyondCap | null;
  /** Prices by hours worked in a calendar month, in order (test NX-06). */
  monthly_hours?: HoursStep[];
  /** Markup on expenses that name none themselves, in percent (rule TM3). */
  expense_markup_percent?: Decimal | null;
  /** Lines of the same group share an invoice, lines of other groups have invoices of their own. */
  invoice_group?: string | null;
  /** What rolls over of a retainer's unused hours, where it is not the policy's (rule RE2). */
  rollover?: Rollover | null;
  /** How revenue is recognised, where it is not by the billing method (rule RR1). */
  revenue?: RevenueMethod | null;
  /** Price at which it would be sold alone: what a common price is allocated by (rule RR4). */
  standalone_price?: Money | null;
}

/** Points at another object, either by canonical id or, on the way in from a system, by that system's own id. The host turns the second form into the first before anything reads it. */
export type Link =
  /** `{"id": "…"}`: a canonical id. */
  | { id: Id }
  /** `{"external": "…"}`: the id in the system that the object came from. */
  | { external: string };

/** A milestone of a fixed-fee line. Canonical object `milestone`. */
export interface Milestone {
  /** Identity. */
  header?: Header;
  /** The project, when the milestone stands alone. */
  project?: Link | null;
  /** Code, unique in its line. */
  code: string;
  /** Name. */
  name: string;
  /** Contract line. */
  contract_line: string;
  /** Amount, net. Absent when read from a system that does not hold prices. */
  amount?: Money | null;
  /** Planned date. */
  due_on?: Day | null;
  /** Where it stands. */
  status: MilestoneStatus;
  /** The customer's acceptance, once given. */
  acceptance?: Acceptance | null;
  /** Further facts, where anybody knows them. */
  details?: MilestoneDetails | null;
}

/** not_ready -> ready -> created -> posted; with several payers in_progress until all are posted. */
export type MilestoneBilling =
  | "not_ready"
  | "ready"
  | "created"
  | "in_progress"
  | "partially_invoiced"
  | "posted";

/** Further facts about a milestone. */
export interface MilestoneDetails {
  /** Share of its line, in percent. */
  percent?: Decimal | null;
  /** Whether the customer must accept it. */
  acceptance_required?: boolean | null;
  /** Who pays which share of it. */
  payers?: PayerShare[];
  /** Share kept back until final acceptance, in percent (rule FM3). */
  retention_percent?: Decimal | null;
  /** How far it is billed. */
  billing?: MilestoneBilling | null;
}

/** planned -> delivered -> accepted -> invoiced; withdrawn. */
export type MilestoneStatus =
  | "planned"
  | "delivered"
  | "accepted"
  | "invoiced"
  | "withdrawn";

/** One milestone as sold. */
export interface MilestoneTerm {
  /** Code, unique in the line, such as `M1`. */
  code: string;
  /** Name. */
  name: string;
  /** Share of the line's price in percent. */
  percent: Decimal;
  /** Planned date. */
  due_on?: Day | null;
}

/** An amount in one currency. In JSON the amount is a decimal string, never a number. */
export interface Money {
  /** The amount in major units (euros, not cents). */
  amount: Decimal;
  /** Its currency. */
  currency: Currency;
}

/** The numbers of one kind of document. */
export interface NumberSeries {
  /** Document type (UNTDID 1001). */
  kind: string;
  /** What numbers begin with. */
  prefix: string;
}

/** Something owed to the customer, for revenue. */
export interface Obligation {
  /** Code, unique in the contract. */
  code: string;
  /** What. */
  description: string;
  /** Contract lines it is sold on. */
  lines: string[];
  /** Price at which it would be sold alone (rule RR4). */
  standalone_price: Money;
}

/** What a lower percentage than the one billed leads to (rule FM4). */
export type OverBilled =
  /** Nothing is billed until the work has caught up. */
  | "carry_forward"
  /** The difference is credited. */
  | "credit";

/** One of our companies in another one's books. */
export interface PartnerCode {
  /** Code of the legal entity. */
  entity: string;
  /** Its partner code. */
  code: string;
}

/** Somebody who pays a share. */
export interface Payer {
  /** Code, unique in the contract, such as `A`. */
  code: string;
  /** Who it is, as printed on documents; `header.id` is the customer's canonical id. */
  customer: Customer;
  /** Share of every line, in percent. */
  percent: Decimal;
  /** Takes what the others' rounded shares leave (rule RD5). Exactly one does. */
  takes_remainder?: boolean;
  /** Tax on this payer's documents, where it is not the lines'. */
  tax?: TaxTreatment | null;
}

/** A payer's share of a milestone. */
export interface PayerShare {
  /** Code of the payer. */
  payer: string;
  /** Share in percent. */
  percent: Decimal;
}

/** Money received or returned. Canonical object `payment`. */
export interface Payment {
  /** Identity. */
  header?: Header;
  /** The invoice it settles. */
  invoice: Link;
  /** How much of it. */
  amount: Money;
  /** The day it counts. */
  value_date: Day;
  /** The bank's exchange rate into the seller's own currency, where there is one (rule RD7). */
  fx?: FxRate | null;
  /** Where it stands. */
  status: PaymentStatus;
  /** Further facts, where anybody knows them. */
  details?: PaymentDetails | null;
}

/** Further facts about a payment. */
export interface PaymentDetails {
  /** How it was paid, such as `credit_transfer`. */
  method?: string | null;
  /** The bank's reference. */
  bank_reference?: string | null;
  /** Documents that the whole payment settles, this one among them. */
  applications?: Application[];
  /** What of the whole payment settles nothing yet. */
  unapplied?: Money | null;
}

/** pending -> settled | failed; settled -> reversed | refunded. */
export type PaymentStatus =
  | "pending"
  | "settled"
  | "failed"
  | "reversed"
  | "refunded";

/** What percent complete is taken by. */
export type PercentMethod =
  | "cost"
  | "hours"
  | "output"
  | "reported";

/** From the first to the last day, both included. */
export interface Period {
  /** First day. */
  from: Day;
  /** Last day. */
  to: Day;
}

/** How the ERP booked a document. */
export interface Posted {
  /** Its id there. */
  id: string;
  /** Accounting period, such as `2026-03`. */
  period?: string | null;
  /** Journal. */
  journal?: string | null;
}

/** Which end of a task waits for which end of another. */
export type Precedence =
  | "finish_to_start"
  | "start_to_start"
  | "finish_to_finish"
  | "start_to_finish";

/** A project. Canonical object `project`. */
export interface Project {
  /** Identity. */
  header?: Header;
  /** Project code, unique in the firm. */
  code: string;
  /** Name. */
  name: string;
  /** The customer. */
  customer: Link;
  /** Contract it delivers. */
  contract_number: string;
  /** Template it was made from. */
  template?: TemplateRef | null;
  /** Currency. */
  currency: Currency;
  /** Start of work. */
  starts_on?: Day | null;
  /** Where it stands. */
  status: ProjectStatus;
  /** Target margin in percent. */
  target_margin_percent?: Decimal | null;
  /** Net value of the contract. */
  budget?: Money | null;
  /** May time be booked? */
  time_entry_allowed?: boolean;
  /** The work breakdown. */
  tasks?: Task[];
  /** The milestones of its fixed-fee lines. */
  milestones?: Milestone[];
  /** Further facts, where anybody knows them. */
  details?: ProjectDetails | null;
}

/** Further facts about a project. */
export interface ProjectDetails {
  /** Code of the company that delivers. */
  delivering_entity?: string | null;
  /** E-mail address. */
  manager?: string | null;
  /** E-mail address. */
  owner?: string | null;
  stage?: string | null;
  health?: Health | null;
  planned_end?: Day | null;
  forecast_end?: Day | null;
  actual_start?: Day | null;
  actual_end?: Day | null;
  budget_hours?: Decimal | null;
  budget_cost?: Money | null;
  /** Estimated cost at completion. */
  estimate_at_completion?: Money | null;
  percent_complete?: Decimal | null;
  /** What the percentage is taken by. */
  percent_method?: PercentMethod | null;
  calendar?: string | null;
  location?: string | null;
  cost_centre?: string | null;
  practice?: string | null;
  tags?: string[];
  /** Why it is not billed, while it is not. */
  billing_hold?: string | null;
  /** Nothing is booked on it up to this day any more. */
  closed_through?: Day | null;
}

/** Cost and revenue of one contract line as the books have them. Canonical object `project_financials`. */
export interface ProjectFinancials {
  /** Identity. */
  header?: Header;
  /** The project. */
  project: Link;
  /** Contract line. */
  contract_line: string;
  /** State of the books at the end of this day. */
  as_of: Day;
  /** Cost from the start to then. */
  cost_to_date: Money;
  /** Revenue recognised from the start to then, where the books say. */
  revenue_to_date?: Money | null;
}

/** requested -> shell_created -> billing_provisioned -> active -> on_hold -> completed -> closed; cancelled. */
export type ProjectStatus =
  | "requested"
  | "shell_created"
  | "billing_provisioned"
  | "active"
  | "on_hold"
  | "completed"
  | "closed"
  | "cancelled";

/** The pattern of a project. Canonical object `project_template`. */
export interface ProjectTemplate {
  /** Identity. */
  header?: Header;
  /** Template id, such as `PT-CONSULT`. */
  id: string;
  /** Its version: projects keep the one they were made from. */
  version: number;
  /** Name. */
  name: string;
  /** The work breakdown it lays out. */
  tasks?: TemplateTask[];
  /** Roles and their usual hours. */
  roles?: TemplateRole[];
  /** Milestones as shares of the price; they total 100. */
  milestones?: TemplateMilestone[];
  /** How it is billed by default: `time_and_materials`, `fixed_fee` or `retainer`. */
  billing_method?: string | null;
  /** Rate card by default. */
  rate_card?: string | null;
  /** What must be done before the start. */
  checklist?: string[];
  /** Known risks. */
  risks?: string[];
  /** Documents that come with it. */
  documents?: string[];
  /** Where it stands. */
  status: TemplateStatus;
}

/** How a part of a period is billed. */
export type Proration =
  /** A period that has begun is billed whole. */
  | "none"
  /** By days. */
  | "daily";

/** Where a group of fields comes from. */
export interface Provenance {
  /** JSON pointers to the fields; none: all that no other group names. */
  fields?: string[];
  /** The connection they were read through. */
  connection?: string | null;
  /** The event that brought them. */
  event?: Id | null;
  /** Digest of the plugin that read them. */
  plugin?: string | null;
  /** Version of the field mapping. */
  mapping?: string | null;
}

/** A decimal count of a unit. */
export interface Quantity {
  /** How many. */
  value: Decimal;
  /** Of what. */
  unit: Unit;
}

/** An offer, and once accepted the approved terms. Canonical object `quote`. */
export interface Quote {
  /** Identity; `header.external` is the quote (or the opportunity, where the CRM has no quotes). */
  header?: Header;
  /** Quote number, unique within the selling firm: the business key of all that follows. */
  number: string;
  /** Version; the highest accepted one counts, whatever the order of arrival. */
  version: number;
  /** The opportunity it closes. */
  opportunity: Link;
  /** Where it stands. */
  status: QuoteStatus;
  /** Title of the deal. */
  name: string;
  /** When it was accepted (closed-won). */
  accepted_at?: Instant | null;
  /** The buyer, as the CRM knows it. */
  customer: Customer;
  /** Code of the selling legal entity. */
  selling_entity: string;
  /** Contract type: `sow`, `msa`, `change_order`. */
  contract_type: string;
  /** Currency of every amount in it. */
  currency: Currency;
  /** Project template to start from. */
  template?: TemplateRef | null;
  /** Planned start of work. */
  starts_on?: Day | null;
  /** Target margin in percent. */
  target_margin_percent?: Decimal | null;
  /** What is sold, line by line. */
  lines: QuoteLine[];
  /** What was agreed beside the lines. */
  agreement?: Agreement;
  /** Further facts, where anybody knows them. */
  details?: QuoteDetails | null;
}

/** An approval of a quote. */
export interface QuoteApproval {
  /** Who. */
  by: string;
  /** In which role. */
  role: string;
  /** When. */
  at: Instant;
}

/** Further facts about a quote. */
export interface QuoteDetails {
  /** Who is billed, where it is not the buyer. */
  bill_to?: Link | null;
  /** Who sells: e-mail address. */
  owner?: string | null;
  /** Last day on which it can be accepted. */
  valid_until?: Day | null;
  /** Price list it was made from. */
  price_list?: string | null;
  /** Sum of its lines, net. */
  net?: Money | null;
  /** Tax. */
  tax?: Money | null;
  /** Net and tax. */
  gross?: Money | null;
  /** Net less estimated cost. */
  margin?: Money | null;
  /** The contract that it changes, for a change order. */
  changes?: string | null;
  /** Statements of work and annexes. */
  documents?: Document[];
  /** Who approved it. */
  approvals?: QuoteApproval[];
  /** How it was signed. */
  signature?: Signature | null;
  /** How likely it is to be won, in percent. */
  probability_percent?: Decimal | null;
  /** Exchange rates as they were when it was made. */
  fx?: FxRate[];
}

/** One sold item. */
export interface QuoteLine {
  /** Line id, unique in the quote, such as `L1`. */
  id: string;
  /** What it is. */
  description: string;
  /** How it is billed. */
  billing: BillingMethod;
  /** Tax; absent when the selling entity's default applies. */
  tax?: TaxTreatment | null;
  /** Estimated cost at completion. */
  cost_estimate?: Money | null;
  /** What was agreed beside how it is billed. */
  terms?: LineTerms;
  /** Further facts, where anybody knows them. */
  details?: QuoteLineDetails | null;
}

/** Further facts about a quote's line. */
export interface QuoteLineDetails {
  /** The item sold, such as a product code. */
  item?: string | null;
  /** Target margin in percent. */
  margin_percent?: Decimal | null;
  /** First day of the work. */
  starts_on?: Day | null;
  /** Last day of the work. */
  ends_on?: Day | null;
  /** Code of the company that delivers it, where it is not the one that sells. */
  delivering_entity?: string | null;
  /** Tasks it breaks down into, by name. */
  tasks?: string[];
}

/** draft -> in_review -> approved -> presented -> accepted | rejected | expired | superseded. */
export type QuoteStatus =
  | "draft"
  | "in_review"
  | "approved"
  | "presented"
  | "accepted"
  | "rejected"
  | "expired"
  | "superseded"
  | "converted";

/** A price list of work. Canonical object `rate_card`. A published card never changes: a change is a new version. */
export interface RateCard {
  /** Identity. */
  header?: Header;
  /** Code, unique in the firm. */
  code: string;
  /** Name. */
  name: string;
  /** Version of this card. */
  version: number;
  /** What it holds for. */
  scope: RateScope;
  /** Which account, region, practice, group, contract or project: its code or canonical id; absent for the default card. */
  scope_of?: string | null;
  /** Currency of its rates. */
  currency: Currency;
  /** First day it holds. */
  from: Day;
  /** Last day; absent is for ever. */
  to?: Day | null;
  /** Of two cards with the same scope the one with the smaller number is asked first. */
  priority?: number;
  /** Minutes that time is rounded to; absent: as worked. */
  increment_minutes?: number | null;
  /** Where it stands. */
  status: RateCardStatus;
  /** Rates. */
  lines: RateCardLine[];
}

/** One rate. A dimension that is absent matches everything; the more a line names, the more specific it is. */
export interface RateCardLine {
  /** Id, unique in the card. */
  id: string;
  /** Role or job. */
  role?: string | null;
  /** Seniority or grade. */
  seniority?: string | null;
  /** Person: e-mail address. */
  resource?: string | null;
  /** Region. */
  region?: string | null;
  /** Where it is delivered. */
  location?: string | null;
  /** `normal`, `overtime`, `weekend`, `travel`. */
  work_type?: string | null;
  /** What one of is charged: hour, day, month or piece. */
  unit: Unit;
  /** Price per unit. */
  bill_rate: Decimal;
  /** Cost per unit. */
  cost_rate?: Decimal | null;
  /** Lowest price. */
  min?: Decimal | null;
  /** Highest price. */
  max?: Decimal | null;
  /** Factor of the work type, such as 1.5. */
  multiplier?: Decimal | null;
  /** Discount in percent, after the multiplier. */
  discount_percent?: Decimal | null;
  /** Least quantity that is charged. */
  minimum_charge?: Decimal | null;
  /** Yearly rise in percent. */
  escalation_percent?: Decimal | null;
}

/** draft -> published -> superseded -> retired. */
export type RateCardStatus =
  | "draft"
  | "published"
  | "superseded"
  | "retired";

/** What a card holds for, the narrowest first (rule C.2). */
export type RateScope =
  | "contract"
  | "project"
  | "account"
  | "region"
  | "practice"
  | "group"
  | "default";

/** planned -> calculated -> posted -> reversed; eliminated between our own companies. */
export type RecognitionStatus =
  | "planned"
  | "calculated"
  | "posted"
  | "reversed"
  | "eliminated";

/** A company registration. */
export interface Registration {
  /** The id. */
  id: string;
  /** Its scheme (ISO 6523 ICD), such as `0002`. */
  scheme?: string | null;
}

/** How a contract goes on. */
export interface Renewal {
  /** By itself, unless somebody says otherwise. */
  automatic: boolean;
  /** For so many months. */
  months: number;
  /** Said otherwise so many days before. */
  notice_days: number;
}

/** Who represents a seller in tax. */
export interface Represented {
  /** Name (BT-62). */
  name: string;
  /** VAT id (BT-63). */
  vat_id: string;
  /** Address (BG-12). */
  address: Address;
}

/** A person, a contractor or a placeholder that work is planned for. Canonical object `resource`. */
export interface Resource {
  /** Identity. */
  header?: Header;
  /** What it is. */
  kind: ResourceKind;
  /** Name; of a placeholder the role it stands for. */
  name: string;
  /** E-mail address: the key of people across systems. Absent for placeholders. */
  email?: string | null;
  /** Employee number. */
  employee_id?: string | null;
  /** Code of the legal entity that employs them. */
  employer?: string | null;
  /** Home unit. */
  unit?: string | null;
  /** Roles they work in. */
  roles?: string[];
  /** Grade. */
  grade?: string | null;
  /** Skills. */
  skills?: string[];
  /** What an hour costs, from when. */
  cost_rates?: CostRate[];
  /** Working-time calendar. */
  calendar?: string | null;
  /** Hours a week. */
  weekly_hours?: Decimal | null;
  /** Where they work. */
  location?: string | null;
  /** First day. */
  starts_on?: Day | null;
  /** Last day. */
  ends_on?: Day | null;
  /** The supplier of a contractor. */
  supplier?: string | null;
  /** Whether they can be planned. */
  active: boolean;
}

/** What a resource is. */
export type ResourceKind =
  | "employee"
  | "contractor"
  | "placeholder";

/** A retainer as sold (rules RE1 to RE5). */
export interface RetainerTerm {
  /** Hours included per month. */
  hours_per_month: Decimal;
  /** Rate per included hour. */
  hourly_rate: Decimal;
  /** Rate per hour beyond. */
  overage_rate: Decimal;
  /** First day of the first period. */
  starts_on: Day;
}

/** Revenue of a contract line to date, as the platform computes it; the ERP's books win (rule RR6). */
export interface RevenueIndicator {
  /** Contract line. */
  contract_line: string;
  /** State at the end of this day. */
  as_of: Day;
  /** How it was computed: `as_invoiceable`, `percent_of_cost`, `straight_line`, `on_acceptance`. */
  method: string;
  /** Percent complete, where the method has one. */
  percent?: Decimal | null;
  /** Revenue from the start to then. */
  revenue: Money;
  /** Billed from the start to then, net. */
  billed: Money;
  /** Revenue earned but not yet billed. */
  contract_asset: Money;
  /** Billed but not yet earned. */
  contract_liability: Money;
}

/** How revenue is recognised (rule RR1). */
export type RevenueMethod =
  /** Hours times rate when worked, billed or not. */
  | { method: "as_invoiceable" }
  /** By cost to date over the cost estimate. */
  | { method: "percent_of_cost" }
  /** By hours worked over planned hours. */
  | { method: "percent_of_hours"; planned_hours: Decimal }
  /** By reported percent complete. */
  | { method: "by_output" }
  /** Evenly over days, the first and the last included. */
  | { method: "straight_line"; from: Day; to: Day }
  /** When accepted. */
  | { method: "on_acceptance" };

/** Revenue of one performance obligation in one period (IFRS 15, ASC 606). Canonical object `revenue_recognition`. */
export interface RevenueRecognition {
  /** Identity. */
  header?: Header;
  /** Contract. */
  contract_number: string;
  /** Its line, which is the performance obligation. */
  contract_line: string;
  /** Project. */
  project?: Link | null;
  /** How revenue is measured. */
  method: RevenueMethod;
  /** Currency. */
  currency: Currency;
  /** Transaction price allocated to it. */
  transaction_price: Money;
  /** Its standalone selling price. */
  standalone_price?: Money | null;
  /** Estimated cost at completion. */
  estimate_at_completion?: Money | null;
  /** Cost from the start. */
  cost_to_date?: Money | null;
  /** Percent complete. */
  percent?: Decimal | null;
  /** The period. */
  period: Period;
  /** Revenue of the period. */
  period_revenue: Money;
  /** Revenue from the start. */
  revenue_to_date: Money;
  /** Billed from the start, net of credits. */
  billed_to_date: Money;
  /** Earned and not billed. */
  contract_asset: Money;
  /** Billed and not earned. */
  contract_liability: Money;
  /** Provision for a loss. */
  loss_provision?: Money | null;
  /** Journal it is posted in. */
  journal?: string | null;
  /** Where it stands. */
  status: RecognitionStatus;
}

/** A rate agreed for a role, and optionally for one person. */
export interface RoleRate {
  /** Role, such as `Senior`. */
  role: string;
  /** Rate per hour, in the quote's currency. */
  hourly_rate: Decimal;
  /** The person proposed for it: the resource's e-mail address. */
  resource?: string | null;
  /** Planned hours. */
  hours?: Decimal | null;
}

/** What rolls over of a retainer's unused hours. */
export interface Rollover {
  /** Hours at most. */
  cap_hours: Decimal;
  /** For how many periods they live. */
  periods: number;
}

/** How an amount becomes one that can be paid (rule RD1). */
export type Rounding =
  /** Half away from zero: 2.345 becomes 2.35, -2.345 becomes -2.35. */
  | "half_up"
  /** Half to the even neighbour: 2.345 becomes 2.34. */
  | "half_even";

/** One thing that a schedule bills. */
export interface ScheduleEntry {
  /** Id, unique in the schedule. */
  id: string;
  /** When it is due. */
  due_on: Day;
  /** Service period it covers. */
  period?: Period | null;
  /** Net. */
  amount: Money;
  /** The milestone it stands for. */
  milestone?: string | null;
  /** The invoice it is on. */
  invoice?: Id | null;
  /** Where it stands. */
  status: EntryStatus;
}

/** How a schedule bills. */
export type ScheduleMethod =
  | "in_advance"
  | "in_arrears"
  | "milestone"
  | "progress"
  | "usage"
  | "evergreen";

/** draft -> ready -> in_progress -> on_hold -> completed | cancelled. */
export type ScheduleStatus =
  | "draft"
  | "ready"
  | "in_progress"
  | "on_hold"
  | "completed"
  | "cancelled";

/** Where a customer belongs in our reports. */
export interface Segments {
  region?: string | null;
  practice?: string | null;
  industry?: string | null;
}

/** A signature. */
export interface Signature {
  /** Who provides it. */
  provider: string;
  /** The provider's id of what was signed. */
  envelope: string;
  /** When it was signed, once it is. */
  signed_at?: Instant | null;
}

/** A piece of the work breakdown. Canonical object `task`. */
export interface Task {
  /** Identity. */
  header?: Header;
  /** The project, when the task stands alone. */
  project?: Link | null;
  /** Project code, for systems that group tasks by it. */
  project_code?: string | null;
  /** Position in the work breakdown, such as `1.2`. */
  code: string;
  /** Name. */
  name: string;
  /** Contract line it delivers. */
  contract_line: string;
  /** Whether its time is charged. */
  billing_type: BillingType;
  /** Planned hours. */
  planned_hours?: Decimal | null;
  /** Further facts, where anybody knows them. */
  details?: TaskDetails | null;
}

/** Further facts about a task. */
export interface TaskDetails {
  /** Code of the task above it. */
  parent?: string | null;
  kind?: TaskKind | null;
  status?: TaskStatus | null;
  /** What it waits for. */
  predecessors?: TaskLink[];
  planned_start?: Day | null;
  planned_end?: Day | null;
  actual_hours?: Decimal | null;
  remaining_hours?: Decimal | null;
  percent_complete?: Decimal | null;
  /** What is sold when it is worked on. */
  service_item?: string | null;
  cost_code?: string | null;
  /** Whether its cost may be capitalised. */
  capitalisable?: boolean | null;
  /** Such as `not before 2026-04-01`. */
  constraint?: string | null;
  /** Its key in an issue tracker. */
  issue_key?: string | null;
  /** No more time on it: it is billed whole. */
  locked?: boolean;
}

/** What a task is. */
export type TaskKind =
  | "phase"
  | "task"
  | "milestone"
  | "summary";

/** A task that another waits for. */
export interface TaskLink {
  /** Its code. */
  task: string;
  /** Which end waits for which. */
  precedence: Precedence;
  /** Days between them; negative where they overlap. */
  lag_days?: number;
}

/** planned -> ready -> in_progress -> done; cancelled. */
export type TaskStatus =
  | "planned"
  | "ready"
  | "in_progress"
  | "done"
  | "cancelled";

/** VAT categories of EN 16931 (UNTDID 5305). */
export type TaxCategory =
  /** Standard rate, reduced rates included. */
  | "S"
  /** Zero rated. */
  | "Z"
  /** Exempt. */
  | "E"
  /** Reverse charge. */
  | "AE"
  /** Intra-community supply. */
  | "K"
  /** Export. */
  | "G"
  /** Outside the scope of VAT. */
  | "O"
  /** Canary Islands indirect tax. */
  | "L"
  /** Ceuta and Melilla tax. */
  | "M";

/** A tax id. */
export interface TaxId {
  /** Country (ISO 3166-1). */
  country: string;
  /** The id, with its country prefix where it has one (Greece: EL). */
  id: string;
  /** Regime, such as `vat`, `gst`, `sales_tax`. */
  regime: string;
}

/** A tax registration. */
export interface TaxRegistration {
  /** ISO 3166-1 alpha-2. */
  country: string;
  /** Its id. */
  id: string;
  /** Regime, such as `vat`, `gst`, `oss`. */
  regime: string;
}

/** Whether somebody pays tax. */
export type TaxStatus =
  | "taxable"
  | "exempt"
  | "unregistered";

/** One row of the tax breakdown (BG-23). */
export interface TaxSubtotal {
  /** Category (BT-118). */
  category: TaxCategory;
  /** Rate in percent (BT-119). */
  rate_percent?: Decimal | null;
  /** Sum of the line nets (BT-116). */
  taxable: Money;
  /** Tax on it (BT-117). */
  tax: Money;
}

/** Tax on one line. */
export interface TaxTreatment {
  /** Category. */
  category: TaxCategory;
  /** Rate in percent (19, not 0.19); absent for category O. */
  rate_percent?: Decimal | null;
  /** Why no tax is charged: required for E, AE, K, G, O; forbidden for S and Z. */
  exemption_reason?: string | null;
}

/** One milestone of a pattern. */
export interface TemplateMilestone {
  /** Code. */
  code: string;
  /** Name. */
  name: string;
  /** Share of the price in percent. */
  percent: Decimal;
}

/** A project template and its version. */
export interface TemplateRef {
  /** Template id, such as `PT-CONSULT`. */
  id: string;
  /** Its version. */
  version: number;
}

/** One role of a pattern. */
export interface TemplateRole {
  /** Role. */
  role: string;
  /** Usual hours. */
  hours: Decimal;
}

/** draft -> published -> deprecated. */
export type TemplateStatus =
  | "draft"
  | "published"
  | "deprecated";

/** One task of a pattern. */
export interface TemplateTask {
  /** Position in the work breakdown, such as `1.2`. */
  code: string;
  /** Name. */
  name: string;
  /** Whether its time is charged. */
  billing_type: BillingType;
  /** Usual hours. */
  hours?: Decimal | null;
}

/** How a contract ended. */
export interface Termination {
  /** Its last day. */
  on: Day;
  /** By whom: `customer` or `seller`. */
  by: string;
  /** Why. */
  reason: string;
}

/** Further facts about an entry of time. */
export interface TimeDetails {
  /** The timesheet it stands on. */
  timesheet?: Link | null;
  /** When the work began. */
  started_at?: Instant | null;
  /** When it ended. */
  stopped_at?: Instant | null;
  /** Zone that its day is meant in (IANA). */
  zone?: string | null;
  /** Project. */
  project?: Link | null;
  /** Assignment. */
  assignment?: Link | null;
  /** Role it was worked in. */
  role?: string | null;
  /** What kind of work. */
  work_type?: WorkType | null;
  /** Minutes that are charged, where they are not the minutes worked. */
  billable_minutes?: number | null;
  /** Where. */
  location?: string | null;
  /** A note that the customer does not see. */
  internal_note?: string | null;
  /** Its key where it was first written, such as a worklog's id. */
  source_key?: string | null;
  /** Minutes that rounding to an increment added, or took when negative. */
  rounding_minutes?: number | null;
  /** Rate, frozen at approval (rule RT5). */
  bill_rate?: TimeRate | null;
  /** What an hour costs us. */
  cost_rate?: Money | null;
  /** The entry it corrects. */
  correction_of?: Id | null;
  /** The entry it was split from. */
  split_of?: Id | null;
  /** The invoice line it is on. */
  invoiced_line?: string | null;
}

/** Work that somebody recorded. Canonical object `time_entry`. */
export interface TimeEntry {
  /** Identity; `header.external` is the source key, `header.version` its revision there. */
  header?: Header;
  /** The task it was booked on. */
  task: Link;
  /** Who worked: e-mail address. */
  resource: string;
  /** Date of work in the legal entity's zone (rule RT1). */
  date: Day;
  /** Whole minutes worked (rule RD2). */
  minutes: number;
  /** Whether it is charged. */
  billing_type: BillingType;
  /** Where it stands. */
  status: TimeStatus;
  /** Approver, once approved. */
  approved_by?: string | null;
  /** When it was approved. */
  approved_at?: Instant | null;
  /** What the customer may read. */
  note?: string | null;
  /** Further facts, where anybody knows them. */
  details?: TimeDetails | null;
}

/** A rate as it was found. */
export interface TimeRate {
  /** Per hour. */
  hourly: Money;
  /** Row it comes from. */
  row: string;
}

/** draft -> submitted -> approved | rejected; deleted at the source. */
export type TimeStatus =
  | "draft"
  | "submitted"
  | "approved"
  | "rejected"
  | "deleted";

/** A person's time of a period, handed in together. Canonical object `timesheet`. */
export interface Timesheet {
  /** Identity. */
  header?: Header;
  /** Whose: e-mail address. */
  resource: string;
  /** First day. */
  from: Day;
  /** Last day. */
  to: Day;
  /** Where it stands: as its entries. */
  status: TimeStatus;
  /** When it was handed in. */
  submitted_at?: Instant | null;
  /** Who approved it. */
  approved_by?: string | null;
  /** When. */
  approved_at?: Instant | null;
  /** Minutes in all. */
  minutes: number;
  /** Its entries. */
  entries?: Id[];
}

/** That an object is no more, and who said so. */
export interface Tombstone {
  /** When. */
  deleted_at: Instant;
  /** Who, or which connection. */
  by: string;
  /** Why. */
  reason: string;
}

/** Document totals (BG-22), sums of the rounded lines (BR-CO-10). */
export interface Totals {
  /** Total without tax (BT-109). */
  net: Money;
  /** Total tax (BT-110). */
  tax: Money;
  /** Total with tax (BT-112). */
  gross: Money;
  /** Already paid in advance (BT-113). */
  prepaid: Money;
  /** Due for payment (BT-115). */
  due: Money;
}

/** A unit of measure, by its UN/ECE Recommendation 20 code. */
export type Unit =
  /** Hour. */
  | "HUR"
  /** Minute. */
  | "MIN"
  /** Day (24 h as a count of days). */
  | "DAY"
  /** Working day. */
  | "E49"
  /** Week. */
  | "WEE"
  /** Month. */
  | "MON"
  /** Year. */
  | "ANN"
  /** One piece. */
  | "C62"
  /** Lump sum. */
  | "LS"
  /** Kilometre. */
  | "KMT"
  /** Percent. */
  | "P1";

/** What kind of work. */
export type WorkType =
  | "normal"
  | "overtime"
  | "weekend"
  | "travel";

/** One system's name for a canonical object. */
export interface Xref {
  /** The connection (one tenant's configured use of a connector). */
  connection: string;
  /** What that system calls this kind of record. */
  object: string;
  /** The record's id there. */
  external: string;
  /** The system's version of it when it was last seen. */
  version?: string | null;
  /** When it was seen last. */
  last_seen?: Instant | null;
  /** Whether it is still there. */
  state?: XrefState;
}

/** What became of a record in its system. */
export type XrefState =
  /** It is there. */
  | "active"
  /** It was merged into another record. */
  | "merged"
  /** It was deleted. */
  | "deleted";

/** Every kind of canonical object, and its type. */
export interface Objects {
  assignment: Assignment;
  billing_event: Charge;
  billing_schedule: BillingSchedule;
  billing_setup: BillingSetup;
  contract: Contract;
  customer: Customer;
  deal_status: DealStatus;
  expense: ExpenseItem;
  invoice: Invoice;
  legal_entity: Company;
  milestone: Milestone;
  payment: Payment;
  project: Project;
  project_financials: ProjectFinancials;
  project_template: ProjectTemplate;
  quote: Quote;
  rate_card: RateCard;
  resource: Resource;
  revenue_recognition: RevenueRecognition;
  task: Task;
  time_entry: TimeEntry;
  timesheet: Timesheet;
}

/** A kind of canonical object. */
export type ObjectKind = keyof Objects;

/** All kinds. */
export const KINDS: readonly ObjectKind[];
