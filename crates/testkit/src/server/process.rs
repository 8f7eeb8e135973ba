//! The server as a process: its ready line, its log, and its end.

use std::error::Error;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::options::Listen;
use crate::eventually;

/// How long a server may take to become ready: the machine may be compiling besides.
const READY_MAX: Duration = Duration::from_secs(20);

/// How much of a log is kept for a person to read; the oldest goes first.
const LOG_BYTES_MAX: usize = 1024 * 1024;

/// A server that could not be started.
#[derive(Debug)]
pub struct FailedStart {
    /// How it ended, or `None` if it ran on without becoming ready (and was killed).
    pub status: Option<ExitStatus>,
    /// What it printed on its standard output.
    pub stdout: String,
    /// What it printed on its standard error.
    pub stderr: String,
}

impl fmt::Display for FailedStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "the server ended before it was ready: {status}")?,
            None => write!(f, "the server was not ready within {READY_MAX:?}")?,
        }
        write!(f, "\n--- its stdout\n{}\n--- its stderr\n{}\n---", self.stdout, self.stderr)
    }
}

impl Error for FailedStart {}

/// A child that has said that it is ready.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pub(super) listen: Listen,
    stdout: Log,
    stderr: Log,
}

impl Process {
    pub(super) fn spawn(command: &mut Command) -> Result<Self, FailedStart> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = command.get_program().to_owned();
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        let (stdout, lines) = Log::follow(child.stdout.take().expect("stdout is piped"));
        let (stderr, _) = Log::follow(child.stderr.take().expect("stderr is piped"));
        match ready(&lines) {
            Ok(listen) => Ok(Self { child, listen, stdout, stderr }),
            Err(never) => {
                // Whoever closed its stdout is ending: its status tells why, and comes by itself.
                let status = match never {
                    RecvTimeoutError::Disconnected => child.wait().ok(),
                    RecvTimeoutError::Timeout => None,
                };
                kill(&mut child);
                Err(FailedStart { status, stdout: stdout.whole(), stderr: stderr.whole() })
            }
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn stdout(&self) -> String {
        self.stdout.so_far()
    }

    pub(super) fn stderr(&self) -> String {
        self.stderr.so_far()
    }

    /// Whether and how it has ended.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child of ours can be waited for")
    }

    pub(super) fn kill(&mut self) {
        kill(&mut self.child);
    }

    /// Sends a signal to a child that has not been waited for, so that its id is still its own.
    pub(super) fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            kill_process(Pid::from_child(&self.child), signal).expect("a child of ours can be signalled");
        }
    }

    /// Waits for its end by itself.
    #[track_caller]
    pub(super) fn wait(&mut self, deadline: Duration) -> ExitStatus {
        eventually(deadline, "end of the server", || self.ended())
    }
}

impl Drop for Process {
    #[expect(
        clippy::print_stderr,
        reason = "the test harness captures it and shows it for the test that failed"
    )]
    fn drop(&mut self) {
        kill(&mut self.child);
        if thread::panicking() {
            eprintln!("--- log of server {}\n{}---", self.child.id(), self.stderr.whole());
        }
    }
}

/// SIGKILL, and the wait that leaves no zombie. Both fail only for a child that has been waited for.
fn kill(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

/// The addresses of the ready line: `{"event":"ready","listen":["127.0.0.1:3000"],"webhook_listen":[]}`, the first
/// line that is printed on stdout.
fn ready(lines: &Receiver<String>) -> Result<Listen, RecvTimeoutError> {
    let line = lines.recv_timeout(READY_MAX)?;
    let value: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
    assert!(value["event"] == "ready", "the first line on stdout should be the ready line, and is {line:?}");
    Ok(Listen { all: addresses(&value["listen"]), webhook: addresses(&value["webhook_listen"]) })
}

fn addresses(list: &Value) -> Vec<SocketAddr> {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts
        .map(|text| text.parse().unwrap_or_else(|_| panic!("no address in the ready line: {text:?}")))
        .collect()
}

/// What a process prints, read by a thread that ends with it.
#[derive(Debug)]
struct Log {
    /// Guards text that is appended by the reader and copied by the test; held for that long only.
    text: Arc<Mutex<String>>,
    reader: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Log {
    /// Reads on until the end; the first line is also sent, and none after it.
    fn follow(source: impl Read + Send + 'static) -> (Self, Receiver<String>) {
        let text = Arc::new(Mutex::new(String::new()));
        // One line is ever sent, so one slot never makes the reader wait.
        let (first, lines) = mpsc::sync_channel(1);
        let shared = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut first = Some(first);
            for line in BufReader::new(source).split(b'\n') {
                let Ok(line) = line else { return };
                let line = String::from_utf8_lossy(&line).into_owned();
                append(&mut shared.lock().unwrap_or_else(PoisonError::into_inner), &line);
                if let Some(first) = first.take() {
                    // Nobody waits for the first line of stderr.
                    drop(first.send(line));
                }
            }
        });
        (Self { text, reader: Mutex::new(Some(reader)) }, lines)
    }

    fn so_far(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything, once the process has ended.
    fn whole(&self) -> String {
        if let Some(reader) = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A reader that panicked has left what it had read.
            drop(reader.join());
        }
        self.so_far()
    }
}

fn append(log: &mut String, line: &str) {
    log.push_str(line);
    log.push('\n');
    if log.len() > LOG_BYTES_MAX {
        let keep_from = log.ceil_char_boundary(log.len() - LOG_BYTES_MAX / 2);
        log.drain(..keep_from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    const READY: &str = r#"echo '{"event":"ready","listen":["127.0.0.1:4242"],"webhook_listen":[]}'"#;

    #[test]
    fn the_ready_line_gives_the_addresses() {
        let process = Process::spawn(&mut shell(&format!("{READY}; exec sleep 60"))).expect("it is ready");
        assert_eq!(process.listen.all, ["127.0.0.1:4242".parse().unwrap()]);
        assert!(process.listen.webhook.is_empty());
    }

    #[test]
    fn one_that_ends_first_shows_why() {
        let failed = Process::spawn(&mut shell("echo 'port in use' >&2; exit 3")).expect_err("it ends");
        assert_eq!(failed.status.and_then(|status| status.code()), Some(3));
        assert!(failed.to_string().contains("port in use"), "{failed}");
    }

    #[test]
    fn a_signal_is_received_and_the_status_told() {
        let script = format!("trap 'exit 7' TERM; {READY}; while :; do sleep 0.01; done");
        let mut process = Process::spawn(&mut shell(&script)).expect("it is ready");
        process.signal(Signal::TERM);
        assert_eq!(process.wait(Duration::from_secs(10)).code(), Some(7));
        process.signal(Signal::TERM);
    }

    #[test]
    fn a_log_keeps_its_end() {
        let mut log = String::new();
        for number in 0..40_000 {
            append(&mut log, &format!("línea {number} ................................"));
        }
        assert!(log.len() <= LOG_BYTES_MAX && log.contains("línea 39999 "), "{}", log.len());
    }
}
