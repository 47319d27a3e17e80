//! The table of collections: what can be written, what must be given, what can be filtered and
//! side-loaded. Names as in the published Swagger of the OX API, version 1.0.0.

/// A collection of records.
#[derive(Debug)]
pub struct Collection {
    /// Key of the map in answers, and path.
    pub plural: &'static str,
    /// Key of the object in requests.
    pub singular: &'static str,
    /// Type name in external references and custom field values.
    pub subject: &'static str,
    /// Attributes taken at creation.
    pub create: &'static [&'static str],
    /// Attributes taken at a change.
    pub update: &'static [&'static str],
    /// Attributes without which a creation is refused, with Kantata's words.
    pub required: &'static [(&'static str, &'static str)],
    /// Filters beside the common ones.
    pub filters: &'static [&'static str],
    /// What can be side-loaded.
    pub includes: &'static [Include],
    /// Fields shown only when asked for by `optional_fields`.
    pub optional: &'static [&'static str],
    /// Order when none is asked for.
    pub order: &'static str,
    /// Records taken in one bulk creation; 0 for none.
    pub bulk: usize,
    /// Whether a record can be removed.
    pub removable: bool,
}

/// An association: its field is in the answer only when it was asked for.
#[derive(Debug)]
pub struct Include {
    /// Name in `include=`.
    pub name: &'static str,
    /// The field with the id or ids.
    pub field: &'static str,
    /// Collection it points at.
    pub target: &'static str,
}

const fn include(name: &'static str, field: &'static str, target: &'static str) -> Include {
    Include { name, field, target }
}

const REFERENCES: Include = include("external_references", "external_reference_ids", "external_references");
const VALUES: Include = include("custom_field_values", "custom_field_value_ids", "custom_field_values");

const PLAIN: Collection = Collection {
    plural: "",
    singular: "",
    subject: "",
    create: &[],
    update: &[],
    required: &[],
    filters: &[],
    includes: &[REFERENCES],
    optional: &[],
    order: "updated_at:desc",
    bulk: 0,
    removable: false,
};

/// All collections.
pub const COLLECTIONS: &[Collection] = &[
    Collection {
        plural: "workspaces",
        singular: "workspace",
        subject: "Workspace",
        create: &[
            "title",
            "creator_role",
            "description",
            "start_date",
            "due_date",
            "budgeted",
            "price",
            "currency",
            "rate_card_id",
            "workspace_group_ids",
            "primary_workspace_group_id",
            "approver_ids",
            "custom_fields",
            "project_tracker_template_id",
            "project_template_start_date",
            "external_reference",
            "time_trackable",
            "require_time_approvals",
            "target_margin",
            "status_key",
        ],
        update: &[
            "title",
            "description",
            "start_date",
            "due_date",
            "budgeted",
            "price",
            "workspace_group_ids",
            "primary_workspace_group_id",
            "approver_ids",
            "archived",
            "custom_fields",
            "external_reference",
            "time_trackable",
            "require_time_approvals",
            "target_margin",
            "status_key",
        ],
        required: &[
            ("title", "Please give your project a title"),
            ("creator_role", "Please select a role for this project"),
        ],
        filters: &["archived", "matching", "by_custom_text_value", "workspace_groups", "with_primary_workspace_group"],
        includes: &[
            REFERENCES,
            VALUES,
            include("primary_workspace_group", "primary_workspace_group_id", "workspace_groups"),
            include("workspace_groups", "workspace_group_ids", "workspace_groups"),
        ],
        bulk: 100,
        ..PLAIN
    },
    Collection {
        plural: "workspace_groups",
        singular: "workspace_group",
        subject: "WorkspaceGroup",
        create: &[
            "name",
            "company",
            "contact_name",
            "email",
            "phone_number",
            "address",
            "notes",
            "website",
            "add_workspace_ids",
            "external_reference",
        ],
        update: &[
            "name",
            "company",
            "contact_name",
            "email",
            "phone_number",
            "address",
            "notes",
            "website",
            "add_workspace_ids",
            "external_reference",
        ],
        required: &[("name", "Name can't be blank")],
        filters: &["companies_only", "matching", "by_custom_text_value"],
        order: "name:asc",
        removable: true,
        ..PLAIN
    },
    Collection {
        plural: "stories",
        singular: "story",
        subject: "Story",
        create: &[
            "workspace_id",
            "title",
            "story_type",
            "description",
            "start_date",
            "due_date",
            "state",
            "parent_id",
            "archived",
            "assignee_ids",
            "budget_estimate_in_cents",
            "time_estimate_in_minutes",
            "percentage_complete",
            "fixed_fee",
            "billable",
            "weight",
            "priority",
            "time_trackable",
            "external_reference",
            "custom_fields",
        ],
        update: &[
            "title",
            "description",
            "start_date",
            "due_date",
            "state",
            "parent_id",
            "archived",
            "assignee_ids",
            "budget_estimate_in_cents",
            "time_estimate_in_minutes",
            "percentage_complete",
            "fixed_fee",
            "billable",
            "weight",
            "priority",
            "time_trackable",
            "external_reference",
            "custom_fields",
        ],
        required: &[("workspace_id", "Workspace can't be blank"), ("title", "Title can't be blank")],
        filters: &[
            "workspace_id",
            "story_type",
            "story_types",
            "with_projects",
            "with_parent_id",
            "show_archived",
            "show_deleted",
            "only_archived",
            "only_deleted",
            "uncompleted",
            "without_past_completed",
        ],
        includes: &[
            REFERENCES,
            VALUES,
            include("workspace", "workspace_id", "workspaces"),
            include("parent", "parent_id", "stories"),
            include("assignees", "assignee_ids", "users"),
        ],
        bulk: 300,
        removable: true,
        ..PLAIN
    },
    Collection {
        plural: "users",
        singular: "user",
        subject: "User",
        filters: &["by_email_address", "on_my_account"],
        order: "full_name:asc",
        ..PLAIN
    },
    Collection { plural: "roles", singular: "role", subject: "Role", order: "name:asc", ..PLAIN },
    Collection {
        plural: "project_templates",
        singular: "project_template",
        subject: "ProjectTemplate",
        filters: &["matching"],
        order: "title:asc",
        ..PLAIN
    },
    Collection {
        plural: "workspace_resources",
        singular: "workspace_resource",
        subject: "WorkspaceResource",
        create: &["workspace_id", "user_id", "role_id", "external_reference"],
        update: &["role_id", "label", "external_reference"],
        required: &[("workspace_id", "Workspace can't be blank")],
        filters: &["workspace_id", "user_id"],
        includes: &[
            REFERENCES,
            include("user", "user_id", "users"),
            include("role", "role_id", "roles"),
            include("participation", "participation_id", "participations"),
        ],
        optional: &["resource_bill_rate"],
        bulk: 200,
        removable: true,
        ..PLAIN
    },
    Collection {
        plural: "workspace_allocations",
        singular: "workspace_allocation",
        subject: "WorkspaceAllocation",
        create: &[
            "workspace_resource_id",
            "resource_id",
            "start_date",
            "end_date",
            "minutes",
            "hard",
            "notes",
            "external_reference",
        ],
        update: &["start_date", "end_date", "minutes", "hard", "notes", "external_reference"],
        required: &[
            ("start_date", "Start date can't be blank"),
            ("end_date", "End date can't be blank"),
            ("minutes", "Minutes can't be blank"),
        ],
        filters: &["workspace_id", "workspace_resource_id"],
        includes: &[REFERENCES, include("workspace", "workspace_id", "workspaces")],
        bulk: 200,
        removable: true,
        ..PLAIN
    },
    Collection {
        plural: "assignments",
        singular: "assignment",
        subject: "Assignment",
        create: &["story_id", "resource_id", "estimated_minutes", "external_reference"],
        update: &["estimated_minutes", "external_reference"],
        required: &[("story_id", "Story can't be blank"), ("resource_id", "Resource can't be blank")],
        filters: &["story_id"],
        includes: &[
            REFERENCES,
            include("story", "story_id", "stories"),
            include("assignee", "assignee_id", "users"),
            include("resource", "resource_id", "workspace_resources"),
        ],
        removable: true,
        ..PLAIN
    },
    Collection {
        plural: "participations",
        singular: "participation",
        subject: "Participation",
        update: &["rate_in_cents", "is_team_lead", "external_reference"],
        filters: &["workspace_id", "user_id"],
        includes: &[
            REFERENCES,
            include("user", "user_id", "users"),
            include("workspace", "workspace_id", "workspaces"),
        ],
        ..PLAIN
    },
    Collection {
        plural: "time_entries",
        singular: "time_entry",
        subject: "TimeEntry",
        create: &[
            "workspace_id",
            "date_performed",
            "time_in_minutes",
            "story_id",
            "user_id",
            "role_id",
            "billable",
            "rate_in_cents",
            "notes",
            "external_reference",
        ],
        update: &[
            "date_performed",
            "time_in_minutes",
            "story_id",
            "billable",
            "rate_in_cents",
            "notes",
            "external_reference",
        ],
        required: &[
            ("workspace_id", "Workspace can't be blank"),
            ("date_performed", "Date performed can't be blank"),
            ("time_in_minutes", "Time in minutes can't be blank"),
        ],
        filters: &["workspace_id", "date_performed_between"],
        includes: &[
            REFERENCES,
            include("story", "story_id", "stories"),
            include("user", "user_id", "users"),
            include("workspace", "workspace_id", "workspaces"),
        ],
        removable: true,
        ..PLAIN
    },
    Collection {
        plural: "external_references",
        singular: "external_reference",
        subject: "ExternalReference",
        create: REFERENCE_ATTRIBUTES,
        update: &["status", "external_link", "external_message", "external_status", "locked"],
        required: &[
            ("subject_type", "Subject type can't be blank"),
            ("subject_id", "Subject can't be blank"),
            ("service_name", "Service name can't be blank"),
            ("service_model", "Service model can't be blank"),
            ("service_model_ref", "Service model ref can't be blank"),
        ],
        filters: &[
            "subject_type",
            "subject_id",
            "service_name",
            "service_model",
            "service_model_ref",
            "status",
            "external_status",
            "external_message",
            "last_synced_after",
            "last_synced_before",
        ],
        includes: &[include("subject", "subject_ref", "")],
        order: "last_synced_at:desc",
        removable: true,
        ..PLAIN
    },
    Collection {
        plural: "custom_fields",
        singular: "custom_field",
        subject: "CustomField",
        filters: &["subject_type"],
        order: "id:asc",
        ..PLAIN
    },
    Collection {
        plural: "custom_field_values",
        singular: "custom_field_value",
        subject: "CustomFieldValue",
        create: &["subject_type", "subject_id", "custom_field_id", "value"],
        update: &["value"],
        required: &[
            ("subject_type", "Subject type can't be blank"),
            ("subject_id", "Subject can't be blank"),
            ("custom_field_id", "Custom field can't be blank"),
        ],
        filters: &["subject_type", "with_subject_id"],
        includes: &[REFERENCES, include("custom_field", "custom_field_id", "custom_fields")],
        order: "updated_at:asc",
        bulk: 100,
        removable: true,
        ..PLAIN
    },
];

/// Attributes of an external reference, beside `custom` nested use without subject.
pub const REFERENCE_ATTRIBUTES: &[&str] = &[
    "subject_type",
    "subject_id",
    "service_name",
    "service_model",
    "service_model_ref",
    "status",
    "external_link",
    "external_message",
    "external_status",
    "locked",
];

/// Filters that every collection takes.
pub const COMMON_FILTERS: &[&str] = &[
    "only",
    "page",
    "per_page",
    "limit",
    "offset",
    "order",
    "include",
    "optional_fields",
    "search",
    "created_after",
    "created_before",
    "updated_after",
    "updated_before",
    "external_reference_service_name",
    "external_reference_service_model",
    "external_reference_service_model_ref",
    "external_reference_service_model_refs",
    "has_external_references",
    "without_external_reference_service_name",
];

/// A collection by its path.
pub fn collection(plural: &str) -> Option<&'static Collection> {
    COLLECTIONS.iter().find(|collection| collection.plural == plural)
}

/// A collection by the type name that references use.
pub fn of_subject(subject: &str) -> Option<&'static Collection> {
    COLLECTIONS.iter().find(|collection| collection.subject == subject)
}
