//! An audit that goes over, and goes on.

use waypost_domain::{AuditAction, AuditActor, AuditEntry, AuditTarget};
use waypost_store::audit::{AuditVerified, verify};
use waypost_store::{Audit, AuditPlace};

use crate::fixture::{Fixture, START};
use crate::ground::Ground;

fn place(ground: &Ground) -> AuditPlace {
    AuditPlace { store: ground.place(), key_file: ground.files.data_dir().join("audit.key") }
}

/// Some entries.
pub(crate) async fn make_trail(fixture: &Fixture) {
    let audit = Audit::open(&place(fixture.ground()), &[3; 32]).unwrap();
    for target in [None, Some(AuditTarget::GeneralRoom)] {
        let (actor, action) = (AuditActor::System, AuditAction::Read);
        audit.record(AuditEntry { at: START, actor, action, target, count: 1 });
    }
    audit.settle().await.unwrap();
    // Open to the end: what a server leaves in its log is to be moved too.
    std::mem::forget(audit);
}

/// It is whole where the store is now, and is written on.
pub(crate) async fn check_trail(fixture: &Fixture) {
    let verified = || {
        // The caller is on a runtime, in which no other can be waited for.
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| verify(&place(fixture.ground()), &[]).unwrap());
            asked.join().unwrap()
        })
    };
    let AuditVerified { entries, head, .. } = verified();
    assert_eq!((entries, head.number), (2, 2));
    let audit = Audit::open(&place(fixture.ground()), &[4; 32]).unwrap();
    let (actor, action) = (AuditActor::Command, AuditAction::Reprocessed);
    audit.record(AuditEntry { at: START, actor, action, target: None, count: 1 });
    let later = audit.settle().await.unwrap();
    assert_eq!((verified().entries, verified().head), (3, later));
}
