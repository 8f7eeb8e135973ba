//! Proxies whose word about a client's address is taken.

use waypost_realtime::TrustedProxies;

use super::setting::{Raw, Setting, Shape, Shown, Wrong};

impl Setting for TrustedProxies {
    const SHAPE: Shape = Shape::List;

    fn allowed() -> String {
        "addresses such as 127.0.0.1 and networks such as 10.0.0.0/8, without bits beyond the prefix; or nothing"
            .to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        TrustedProxies::parse(raw.items()?).map_err(|wrong| Wrong::item(&wrong.entry))
    }

    fn shown(&self) -> Shown {
        Shown::list(&self.entries().collect::<Vec<_>>())
    }
}
