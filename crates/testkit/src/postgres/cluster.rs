//! A PostgreSQL of our own: in a temporary folder, reached by a socket there, and gone with whoever started it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Pid, Signal, kill_process};

use super::server;

/// Where Debian and Ubuntu have the programs of each version.
const VERSIONS_DIR: &str = "/usr/lib/postgresql";

/// The oldest version that the product is for.
const MAJOR_MIN: u32 = 14;

/// What keeps a cluster: it says `done` after each word that it has carried out. Our end of its input is the cluster's life,
/// so that nothing is left behind, however we end. PostgreSQL refuses to run as root.
const KEEPER: &str = r#"
    folder=$1; programs=$2; settings=$3
    as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi </dev/null; }
    control() { as "$programs/pg_ctl" -D "$folder/data" -w -s "$@" >>"$folder/log" 2>&1; }
    start() { control -l "$folder/data/log" -o "-k $folder -c listen_addresses= $settings" start; }
    leave() { cd / && rm -rf "$folder"; }
    mkdir -m 700 "$folder" && cd "$folder" || exit 1
    [ "$(id -u)" != 0 ] || chown postgres "$folder" || { leave; exit 1; }
    as "$programs/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C -N >"$folder/log" 2>&1 && start \
        || { cat "$folder/log" "$folder/data/log" >&2; leave; exit 1; }
    echo done
    while read -r word; do
        case $word in
            crash) control -m immediate stop ;;
            start) start ;;
        esac || { cat "$folder/log" "$folder/data/log" >&2; break; }
        echo done
    done
    control -m immediate stop
    leave
"#;

/// Whether what is committed outlives the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// As in production: what is committed is on the disk.
    Real,
    /// Nothing waits for the disk, which makes tests faster that are not about it.
    Skipped,
}

impl Durability {
    const fn settings(self) -> &'static str {
        match self {
            Self::Real => "-c max_connections=400",
            Self::Skipped => {
                "-c max_connections=400 -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
            }
        }
    }
}

/// A server that this process has started; it ends, and its folder goes, with this value or the process.
pub struct Cluster {
    keeper: Child,
    /// An `Option` so that it can be closed before the keeper's end is waited for.
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
    url: String,
}

impl Cluster {
    /// Makes and starts one.
    ///
    /// # Errors
    ///
    /// Why there can be none.
    pub fn start(durability: Durability) -> Result<Self, String> {
        Self::start_with(durability, None)
    }

    /// Makes and starts one that listens on a port of loopback, too.
    ///
    /// # Errors
    ///
    /// Why there can be none.
    pub fn start_on(durability: Durability, port: u16) -> Result<Self, String> {
        Self::start_with(durability, Some(port))
    }

    fn start_with(durability: Durability, port: Option<u16>) -> Result<Self, String> {
        static CLUSTERS: AtomicU64 = AtomicU64::new(0);
        let programs = programs()
            .ok_or_else(|| format!("there is no PostgreSQL {MAJOR_MIN} or newer ({VERSIONS_DIR}, PATH)"))?;
        let number = CLUSTERS.fetch_add(1, Ordering::Relaxed);
        // What comes later on its command line counts.
        let listen = port.map(|port| format!(" -c listen_addresses=127.0.0.1 -c port={port}"));
        let listen = listen.unwrap_or_default();
        let name = format!("waypost-postgres-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .args([&folder, &programs])
            .arg(format!("{}{listen}", durability.settings()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C at a terminal is for us; the keeper cleans up.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("a shell cannot be started: {error}"))?;
        let words = keeper.stdin.take();
        let answers = BufReader::new(keeper.stdout.take().expect("stdout is piped"));
        let host = folder.display().to_string().replace('/', "%2F");
        // Its socket is named after the port.
        let url = format!("postgres://postgres@{host}:{}/postgres", port.unwrap_or(5432));
        let mut cluster = Self { keeper, words, answers, folder, url };
        cluster.is_done().then_some(cluster).ok_or_else(|| "PostgreSQL could not be started".to_owned())
    }

    /// Makes and starts one for a test that returns where there can be none, which is said.
    ///
    /// # Panics
    ///
    /// When there can be none in continuous integration.
    #[must_use]
    #[track_caller]
    pub fn for_test(durability: Durability) -> Option<Self> {
        match Self::start(durability) {
            Ok(cluster) => Some(cluster),
            Err(why) => {
                server::say_not_run(&why);
                None
            }
        }
    }

    /// Where to connect.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where its files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends it as a crash would: in immediate mode, with every connection cut and nothing written that was not.
    ///
    /// # Panics
    ///
    /// When it does not run.
    #[track_caller]
    pub fn crash(&mut self) {
        self.say("crash");
    }

    /// Starts it again after [`crash`](Self::crash), and returns when it has recovered.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[track_caller]
    pub fn start_again(&mut self) {
        self.say("start");
    }

    /// Stops all its processes, as a machine that hangs: its connections stay open, and nothing answers.
    ///
    /// # Panics
    ///
    /// When it does not run.
    #[track_caller]
    pub fn freeze(&self) {
        // Its first process starts the others: it comes first.
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    ///
    /// # Panics
    ///
    /// When it does not run.
    #[track_caller]
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    #[track_caller]
    fn signal(&self, signal: Signal) {
        let file = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).expect("it runs");
        let first =
            file.lines().next().and_then(|line| line.parse().ok()).expect("it begins with the process");
        send(first, signal);
        for process in std::fs::read_dir("/proc").expect("/proc lists processes").flatten() {
            let Some(id) = process.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            if parent(id) == Some(first) {
                send(id, signal);
            }
        }
    }

    #[track_caller]
    fn say(&mut self, word: &str) {
        let words = self.words.as_mut().expect("they are open until the end");
        writeln!(words, "{word}").expect("the keeper listens");
        assert!(self.is_done(), "PostgreSQL did not {word}");
    }

    fn is_done(&mut self) -> bool {
        let mut line = String::new();
        self.answers.read_line(&mut line).is_ok() && line.trim() == "done"
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A frozen one could not be ended.
        if self.folder.join("data/postmaster.pid").exists() {
            self.thaw();
        }
        drop(self.words.take());
        // It fails only for one that has been waited for.
        drop(self.keeper.wait());
    }
}

/// The parent of a process, as far as it still runs.
fn parent(process: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // State and parent follow the name, which is in brackets.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

fn send(process: i32, signal: Signal) {
    let process = Pid::from_raw(process).expect("processes have positive ids");
    // It fails for one that has ended meanwhile.
    let (Ok(()) | Err(_)) = kill_process(process, signal);
}

/// The folder of the newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = Path::new(VERSIONS_DIR).read_dir().into_iter().flatten().flatten();
    let known = versions.filter_map(|entry| {
        let major: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        (major >= MAJOR_MIN && programs.join("initdb").exists()).then_some((major, programs))
    });
    known.max().map(|(_, programs)| programs).or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    })
}

#[cfg(test)]
mod tests {
    use super::super::Database;
    use super::*;

    #[test]
    fn one_that_crashed_has_what_was_committed_and_leaves_nothing_behind() {
        let Some(mut cluster) = Cluster::for_test(Durability::Real) else { return };
        let database = Database::at(cluster.url());
        database.execute("CREATE TABLE words (word text); INSERT INTO words VALUES ('kept')");
        cluster.crash();
        assert!(database.try_rows("SELECT 1").is_err());
        cluster.start_again();
        assert_eq!(database.text("SELECT word FROM words"), "kept");
        let folder = cluster.folder().to_owned();
        assert!(folder.exists());
        drop(cluster);
        assert!(!folder.exists());
    }
}
