//! The processes that drive stock clients. One holds as many as a test wants: starting it takes longer than most tests.

use std::collections::{HashMap, VecDeque};
use std::fmt::Debug;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use waypost_testkit::eventually;

use crate::DEADLINE;

/// More reports than any client has waiting.
const REPORTS_MAX: usize = 100_000;

/// How many of them are shown when a test has failed, and how much of each.
const SHOWN_REPORTS_MAX: usize = 40;
const SHOWN_REPORT_CHARS_MAX: usize = 400;

/// A process that drives clients as lines of JSON say. It ends with the last of its clients and of these values.
#[derive(Clone)]
pub(crate) struct Agent(Arc<Process>);

struct Process {
    child: Child,
    /// `None` once it was closed, at the end. Short: each line is written whole.
    stdin: Mutex<Option<ChildStdin>>,
    /// Where the reports of each client go. Short: taken to add one, and for each line.
    clients: Arc<Mutex<HashMap<u64, SyncSender<Value>>>>,
}

impl Agent {
    /// Starts the program, which reads commands on stdin and reports on stdout.
    ///
    /// # Panics
    /// When there is no such program.
    pub(crate) fn start(program: &mut Command) -> Self {
        let mut child = program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`cargo xtask test` has seen that the program is there");
        let stdin = child.stdin.take().expect("stdin is piped");
        let clients = Arc::default();
        follow(child.stdout.take().expect("stdout is piped"), Arc::clone(&clients));
        Self(Arc::new(Process { child, stdin: Mutex::new(Some(stdin)), clients }))
    }

    /// Has it load a package, which takes a while, before the first client is started.
    pub(crate) fn load(&self, package: &str) {
        self.write(&json!({ "do": "load", "package": package }));
    }

    /// Stops the process, as a laptop that sleeps: its connections stay open, and nothing reads from them.
    #[track_caller]
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
        let stat = format!("/proc/{}/stat", self.0.child.id());
        eventually(DEADLINE, "frozen agent", || {
            let stat = fs::read_to_string(&stat).expect("a child is listed");
            // The state follows the name, which is in brackets.
            stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')).then_some(())
        });
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0.child), signal).expect("a child of ours can be signalled");
    }

    fn write(&self, command: &Value) {
        let mut stdin = lock(&self.0.stdin);
        let stdin = stdin.as_mut().expect("it is closed at the end only");
        writeln!(stdin, "{command}").expect("the agent reads its commands");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends with its stdin; the kill is for one that hangs. Both fail only where it has ended by itself.
        drop(lock(&self.stdin).take());
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One client of an agent: what it is told, and what it has reported, read into `R`.
pub(crate) struct Driven<R: Debug> {
    agent: Agent,
    number: u64,
    reports: Receiver<Value>,
    read: fn(&Value) -> R,
    /// Reports that nobody has asked for yet, in their order.
    waiting: VecDeque<R>,
}

impl<R: Debug> Driven<R> {
    /// Starts a client; `options` are the members that the agent's command `start` takes.
    pub(crate) fn start(agent: Agent, options: Value, read: fn(&Value) -> R) -> Self {
        let (sender, reports) = mpsc::sync_channel(REPORTS_MAX);
        let number = {
            let mut clients = lock(&agent.0.clients);
            let number = clients.len() as u64 + 1;
            clients.insert(number, sender);
            number
        };
        let driven = Self { agent, number, reports, read, waiting: VecDeque::new() };
        driven.command("start", options);
        driven
    }

    /// The process that it runs in.
    pub(crate) fn agent(&self) -> &Agent {
        &self.agent
    }

    /// The number by which its agent knows it.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Tells the client to do something.
    pub(crate) fn command(&self, what: &str, mut details: Value) {
        details["do"] = json!(what);
        details["client"] = json!(self.number);
        self.agent.write(&details);
    }

    /// Takes the first report for which `wanted` gives a value; those before it stay for later questions.
    #[track_caller]
    pub(crate) fn take<T>(&mut self, what: &str, mut wanted: impl FnMut(&R) -> Option<T>) -> T {
        let found = self.waiting.iter().enumerate().find_map(|(at, report)| Some((at, wanted(report)?)));
        if let Some((at, value)) = found {
            self.waiting.remove(at);
            return value;
        }
        let Self { reports, read, waiting, .. } = self;
        eventually(DEADLINE, what, || {
            for report in reports.try_iter() {
                let report = read(&report);
                match wanted(&report) {
                    Some(value) => return Some(value),
                    None => waiting.push_back(report),
                }
            }
            None
        })
    }

    /// What was reported and not asked for, up to this moment.
    pub(crate) fn waiting(&mut self) -> impl Iterator<Item = &R> {
        self.waiting.extend(self.reports.try_iter().map(|report| (self.read)(&report)));
        self.waiting.iter()
    }
}

impl<R: Debug> Drop for Driven<R> {
    #[expect(
        clippy::print_stderr,
        reason = "the test harness captures it and shows it for the test that failed"
    )]
    fn drop(&mut self) {
        if thread::panicking() {
            self.waiting.extend(self.reports.try_iter().map(|report| (self.read)(&report)));
            // Little enough for any pipe: Node.js has set the stderr that it shares with the test to be full at times.
            let begin = self.waiting.len().saturating_sub(SHOWN_REPORTS_MAX);
            eprintln!("what client {} reported beside, {begin} earlier ones left out:", self.number);
            for report in self.waiting.range(begin..) {
                eprintln!("  {:.*}", SHOWN_REPORT_CHARS_MAX, format!("{report:?}"));
            }
            return;
        }
        // Others of its process may stay.
        self.command("disconnect", json!({}));
    }
}

fn follow(stdout: ChildStdout, clients: Arc<Mutex<HashMap<u64, SyncSender<Value>>>>) {
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let report: Value = serde_json::from_str(&line).expect("the agent prints JSON");
            let number = report["client"].as_u64().expect("every report names its client");
            let client = lock(&clients).get(&number).cloned().expect("only clients that were started report");
            // Nobody listens to a client that a test is done with.
            drop(client.send(report));
        }
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
