//! A master key from a program, such as the client of a vault: what it prints.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use zeroize::Zeroizing;

use super::MasterKey;
use super::file::TEXT_BYTES_MAX;

/// How long the program may take.
pub(super) const PROGRAM_SECONDS_MAX: u64 = 10;

/// Runs a program and reads the key that it prints. No shell is between. Its errors go where ours go.
///
/// # Errors
/// Where it cannot be run, takes longer than `limit`, fails, or prints no key.
pub(super) fn run(words: &[String], limit: Duration) -> anyhow::Result<MasterKey> {
    let (program, arguments) = words.split_first().context("master_key.command names no program")?;
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // What it starts itself ends with it.
        .process_group(0)
        .spawn()
        .with_context(|| format!("master_key.command: `{program}` cannot be run"))?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("a child has an id")?;
    let text = wait(child, limit).inspect_err(|_| {
        // It fails only where all of them have ended.
        let (Ok(()) | Err(_)) = kill_process_group(group, Signal::KILL);
    });
    let text = text.with_context(|| format!("master_key.command: `{program}`"))?;
    let key = std::str::from_utf8(&text).ok().and_then(MasterKey::parse);
    key.with_context(|| {
        format!("master_key.command: `{program}` printed no master key: that is {}", MasterKey::FORMAT)
    })
}

/// What it prints, once it has ended well.
fn wait(mut child: Child, limit: Duration) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let stdout = child.stdout.take().context("stdout is piped")?;
    let (told, outcome) = mpsc::sync_channel(1);
    let read = move || {
        let mut text = Zeroizing::new(Vec::with_capacity(TEXT_BYTES_MAX));
        let read = stdout.take(TEXT_BYTES_MAX as u64).read_to_end(&mut text);
        // One that prints on and on finds nobody reading.
        let ended = read.and_then(|_| child.wait()).map(|status| (status, text));
        // Whoever has waited long enough is gone.
        let (Ok(()) | Err(_)) = told.send(ended);
    };
    // It ends with the program, which is killed at the end of the time; what a program leaves behind elsewhere may keep it, and it
    // then ends with the process.
    std::thread::Builder::new().name("waypost-command".into()).spawn(read)?;
    let ended = outcome.recv_timeout(limit);
    let (status, text) =
        ended.with_context(|| format!("it has not ended within {} s", limit.as_secs_f32()))??;
    ensure!(status.success(), "it failed ({status})");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "wpm_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    const LONG: Duration = Duration::from_secs(60);

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[track_caller]
    fn check_error(command: &[&str], limit: Duration, part: &str) {
        let error = run(&words(command), limit).expect_err("it should be refused");
        let text = format!("{error:#}");
        assert!(text.contains(part), "{text}");
        assert!(!text.contains("wpm_A"), "{text}");
    }

    #[test]
    fn a_program_prints_the_key() {
        let expected = MasterKey::parse(KEY).unwrap().id();
        assert_eq!(run(&words(&["echo", KEY]), LONG).unwrap().id(), expected);
        // An argument is one however it looks: no shell reads it.
        check_error(&["echo", &format!("{KEY}; true")], LONG, "printed no master key");
    }

    #[test]
    fn a_program_that_fails_hangs_or_prints_something_else_is_told() {
        check_error(&["/no/such/program"], LONG, "cannot be run");
        check_error(&["sh", "-c", &format!("echo {KEY}; exit 3")], LONG, "exit status: 3");
        check_error(&["true"], LONG, "printed no master key");
        check_error(&["yes", KEY], LONG, "master_key.command");
        check_error(&["sh", "-c", "cat /dev/zero"], LONG, "master_key.command");
        check_error(&[], LONG, "names no program");
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_what_it_started() {
        let short = Duration::from_millis(100);
        check_error(&["sh", "-c", "sleep 1000 & wait"], short, "has not ended");
        // It has said all there is, and stays.
        check_error(&["sh", "-c", &format!("echo {KEY}; exec >&-; sleep 1000")], short, "has not ended");
    }
}
