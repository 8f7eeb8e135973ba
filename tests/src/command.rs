//! The binary as a command that ends, and programs that are not a server of `testkit`'s.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use waypost_testkit::{eventually, waypost_binary};

use crate::DEADLINE;

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` after a signal.
    pub code: Option<i32>,
    /// What it printed on stdout.
    pub stdout: String,
    /// What it printed on stderr.
    pub stderr: String,
}

impl Ended {
    /// What it printed on stdout, once it has ended well.
    ///
    /// # Panics
    /// When it has ended otherwise.
    #[must_use]
    #[track_caller]
    pub fn success(self) -> String {
        assert_eq!(self.code, Some(0), "the command failed: {}", self.stderr);
        self.stdout
    }
}

/// Runs `waypost` with these arguments in `folder` to its end, with these variables and no other of `WAYPOST_`.
///
/// # Panics
/// When it does not end in time.
#[must_use]
#[track_caller]
pub fn run_waypost(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    run_waypost_within(DEADLINE, folder, arguments, variables)
}

/// The same, for one that takes its time.
///
/// # Panics
/// When it does not end in this time.
#[must_use]
#[track_caller]
pub fn run_waypost_within(
    deadline: Duration,
    folder: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Ended {
    let mut child = spawn(&mut waypost(folder, arguments, variables));
    let stdout = read(child.stdout.take().expect("stdout is piped"));
    let stderr = read(child.stderr.take().expect("stderr is piped"));
    let mut child = Killed(child);
    let status =
        eventually(deadline, "end of the command", || child.0.try_wait().expect("a child can be waited for"));
    let whole = |reader: thread::JoinHandle<String>| reader.join().expect("reading does not panic");
    Ended { code: status.code(), stdout: whole(stdout), stderr: whole(stderr) }
}

/// A program that runs on, such as `waypost demo`; killed at the end.
pub struct Program {
    /// Kept for its end.
    _child: Killed,
    lines: Receiver<String>,
}

impl Program {
    /// Starts `waypost` in `folder`, with these variables and no other of `WAYPOST_`.
    #[must_use]
    pub fn start(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::run(&mut waypost(folder, arguments, variables))
    }

    /// Starts any program.
    #[must_use]
    pub(crate) fn run(command: &mut Command) -> Self {
        let mut child = spawn(command);
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = read(child.stderr.take().expect("stderr is piped"));
        drop(stderr);
        let (sender, lines) = mpsc::sync_channel(1_024);
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { _child: Killed(child), lines }
    }

    /// The next line of its stdout for which `wanted` gives a value.
    ///
    /// # Panics
    /// When there is none in time.
    #[track_caller]
    pub fn line<T>(&self, what: &str, wanted: impl Fn(&str) -> Option<T>) -> T {
        loop {
            let Ok(line) = self.lines.recv_timeout(DEADLINE) else { panic!("no {what} on stdout") };
            if let Some(value) = wanted(&line) {
                return value;
            }
        }
    }
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Both fail only for one that has been waited for.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn waypost(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(waypost_binary());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WAYPOST_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).args(arguments).envs(variables.iter().copied());
    command
}

fn spawn(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the binary starts")
}

fn read(mut source: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is all there is.
        drop(source.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
