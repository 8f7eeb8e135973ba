//! The server that the suite runs on: the one that `TEST_POSTGRES_URL` names, else the one on the default local port, else
//! one of our own in a temporary folder. Where there is none, nothing is run, and that is said.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

/// Where the server is.
pub(crate) fn url() -> &'static str {
    static URL: LazyLock<String> = LazyLock::new(|| find().unwrap_or_else(|why| not_run(&why)));
    &URL
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but their environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn find() -> Result<String, String> {
    if let Some(url) = variable("TEST_POSTGRES_URL") {
        return Ok(url);
    }
    if TcpStream::connect(("127.0.0.1", 5432)).is_ok() {
        return Ok("postgres://postgres@127.0.0.1/postgres".into());
    }
    start()
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests is to know")]
fn not_run(why: &str) -> ! {
    eprintln!("not run: the store's suite on PostgreSQL, because {why}");
    std::process::exit(i32::from(variable("CI").is_some_and(|value| value == "true")));
}

/// Starts a server that ends, and leaves nothing behind, when this process does.
fn start() -> Result<String, String> {
    let programs = programs().ok_or("there is no PostgreSQL (on Debian: apt-get install postgresql)")?;
    let folder = std::env::temp_dir().join(format!("waypost-postgres-{}", std::process::id()));
    // PostgreSQL refuses to run as root. The shell holds our end of a pipe: its end is the server's.
    let script = r#"
        folder=$1; programs=$2
        as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
        mkdir -m 700 "$folder" && { [ "$(id -u)" != 0 ] || chown postgres "$folder"; } || exit 1
        cd "$folder" || exit 1
        as "$programs/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C -N >"$folder/log" 2>&1
        as "$programs/pg_ctl" -D "$folder/data" -l "$folder/data/log" -w -s \
            -o "-k $folder -c listen_addresses= -c fsync=off -c max_connections=400" start >/dev/null 2>&1 \
            || { cat "$folder/log" >&2; cd / && rm -rf "$folder"; exit 1; }
        echo ready
        cat >/dev/null
        as "$programs/pg_ctl" -D "$folder/data" -m immediate -w -s stop >/dev/null 2>&1
        cd / && rm -rf "$folder"
    "#;
    let arguments = ["-c", script, "sh"];
    let mut shell = Command::new("setsid")
        .arg("sh")
        .args(arguments)
        .args([&folder, &programs])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("a shell cannot be started: {error}"))?;
    await_ready(&mut shell)?;
    let host = folder.display().to_string().replace('/', "%2F");
    // It ends with this process: nobody waits for it.
    std::mem::forget(shell);
    Ok(format!("postgres://postgres@{host}/postgres"))
}

fn await_ready(shell: &mut Child) -> Result<(), String> {
    let mut line = String::new();
    let output = shell.stdout.take().ok_or("the shell has no output")?;
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line)
        .map_err(|error| error.to_string())?;
    if line.trim() == "ready" { Ok(()) } else { Err("it could not be started".into()) }
}

fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> =
        Path::new("/usr/lib/postgresql").read_dir().ok()?.flatten().map(|entry| entry.path()).collect();
    versions.sort();
    versions.into_iter().map(|version| version.join("bin")).rfind(|bin| bin.join("postgres").exists())
}
