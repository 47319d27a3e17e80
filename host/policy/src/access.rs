//! Who may do what with the API and the console.
