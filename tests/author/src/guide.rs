//! A guide's commands.

/// What stands in a guide's blocks marked `sh`, in order.
pub fn commands(guide: &str) -> String {
    let mut script = String::new();
    let mut inside = false;
    for line in guide.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if inside => {
                script.push_str(line);
                script.push('\n');
            }
            _ => {}
        }
    }
    script
}
