//! Whom an event is for, and what somebody asked to see. Neither is a permission: the policy says what somebody may ask for.

use std::fmt;
use std::str::FromStr;

use crate::assignment::{AssignedTo, Responder};
use crate::ids::{CustomerId, PhoneNumberId};

/// What somebody asked to see: whatever has all of this. Nothing of it is everything.
///
/// Written as its parts with `+` between them, such as `customer:cus_…+number:1+team:sales`, and `all` for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// Only what is of this customer.
    pub customer: Option<CustomerId>,
    /// Only what is of this business number.
    pub number: Option<PhoneNumberId>,
    /// Only conversations that are assigned to this one.
    pub assigned: Option<AssignedTo>,
}

impl Scope {
    /// Everything.
    pub const ALL: Self = Self { customer: None, number: None, assigned: None };

    /// Everything of one customer.
    #[must_use]
    pub const fn of_customer(customer: CustomerId) -> Self {
        Self { customer: Some(customer), ..Self::ALL }
    }

    /// Everything of one business number.
    #[must_use]
    pub const fn of_number(number: PhoneNumberId) -> Self {
        Self { number: Some(number), ..Self::ALL }
    }

    /// Its parts as they are written; none, where it is everything. An audience in which one of them is not written is not
    /// for whoever asked for the scope.
    pub fn parts(&self) -> impl Iterator<Item = String> {
        let customer = self.customer.map(|customer| Part::Customer(customer).to_string());
        let number = self.number.clone().map(|number| Part::Number(number).to_string());
        let assigned = self.assigned.clone().map(|assigned| Part::Assigned(assigned).to_string());
        customer.into_iter().chain(number).chain(assigned)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.parts().collect();
        f.write_str(if parts.is_empty() { ALL } else { "" })?;
        f.write_str(&parts.join("+"))
    }
}

/// A text that is no scope, or no audience.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a scope")]
pub struct InvalidScope;

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let mut scope = Self::ALL;
        for part in text.split('+').filter(|_| text != ALL) {
            let is_second = match part.parse()? {
                Part::Customer(customer) => scope.customer.replace(customer).is_some(),
                Part::Number(number) => scope.number.replace(number).is_some(),
                Part::Assigned(assigned) => scope.assigned.replace(assigned).is_some(),
            };
            if is_second {
                return Err(InvalidScope);
            }
        }
        Ok(scope)
    }
}

/// A part of those an event is for: whoever asked for a scope that it [covers](Self::covers).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Who it is of: a customer, and whoever is one with them. None where it is of nobody.
    pub customers: Vec<CustomerId>,
    /// The business number that it is of, where it is of one.
    pub number: Option<PhoneNumberId>,
    /// To whom its conversation is assigned.
    pub assigned: Vec<AssignedTo>,
    /// Whether it is for others, too.
    pub breadth: Breadth,
}

/// Who else an event is for than those to whom a conversation is assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// Also for those who see all, whoever it is assigned to.
    Everybody,
    /// For nobody else.
    AssignedOnly,
}

impl Address {
    /// Whether it is for whoever asked for this.
    #[must_use]
    pub fn covers(&self, scope: &Scope) -> bool {
        scope.customer.is_none_or(|customer| self.customers.contains(&customer))
            && (scope.number.is_none() || scope.number == self.number)
            && match &scope.assigned {
                None => self.breadth == Breadth::Everybody,
                Some(assigned) => self.assigned.contains(assigned),
            }
    }

    /// All that it covers.
    fn scopes(&self) -> Vec<Scope> {
        let everybody = (self.breadth == Breadth::Everybody).then_some(None);
        let assigned: Vec<_> = everybody.into_iter().chain(self.assigned.iter().cloned().map(Some)).collect();
        let numbers = std::iter::once(None).chain(self.number.clone().map(Some));
        let mut scopes = Vec::new();
        for number in numbers {
            for customer in std::iter::once(None).chain(self.customers.iter().copied().map(Some)) {
                let within = |assigned: &Option<AssignedTo>| Scope {
                    customer,
                    number: number.clone(),
                    assigned: assigned.clone(),
                };
                scopes.extend(assigned.iter().map(within));
            }
        }
        scopes
    }
}

/// Whom an event is for. Whoever asked for several of its scopes gets it once.
///
/// Written as the parts of its addresses with a space between them; ` | ` begins a further one, ` ! ` one that is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Those it is for, …
    pub to: Vec<Address>,
    /// … but for these.
    pub except: Vec<Address>,
}

impl Audience {
    /// All scopes that it is for, each once.
    #[must_use]
    pub fn scopes(&self) -> Vec<Scope> {
        distinct(&self.to)
    }

    /// All scopes whose askers are left out, each once.
    #[must_use]
    pub fn excepted(&self) -> Vec<Scope> {
        distinct(&self.except)
    }

    /// Whether it is for whoever asked for these scopes.
    #[must_use]
    pub fn is_for(&self, scopes: &[Scope]) -> bool {
        let covered = |addresses: &[Address]| {
            addresses.iter().any(|address| scopes.iter().any(|scope| address.covers(scope)))
        };
        covered(&self.to) && !covered(&self.except)
    }
}

fn distinct(addresses: &[Address]) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = addresses.iter().flat_map(Address::scopes).collect();
    // Within one address they are distinct already.
    if addresses.len() > 1 {
        scopes.sort_unstable();
        scopes.dedup();
    }
    scopes
}

/// The part of an address that is for everybody.
const ALL: &str = "all";
/// Begins a further address.
const FURTHER: &str = "|";
/// Begins an address that is left out.
const LEFT_OUT: &str = "!";

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.to.iter().map(|address| (FURTHER, address));
        let except = self.except.iter().map(|address| (LEFT_OUT, address));
        let mut parts: Vec<String> = Vec::new();
        for (begin, address) in to.chain(except) {
            if begin == LEFT_OUT || !parts.is_empty() {
                parts.push(begin.into());
            }
            parts.extend((address.breadth == Breadth::Everybody).then(|| ALL.into()));
            parts.extend(address.number.clone().map(|number| Part::Number(number).to_string()));
            parts.extend(address.customers.iter().map(|customer| Part::Customer(*customer).to_string()));
            parts.extend(
                address.assigned.iter().cloned().map(|assigned| Part::Assigned(assigned).to_string()),
            );
        }
        f.write_str(&parts.join(" "))
    }
}

impl FromStr for Audience {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let nobody = || Address {
            customers: Vec::new(),
            number: None,
            assigned: Vec::new(),
            breadth: Breadth::AssignedOnly,
        };
        let mut audience = Self { to: vec![nobody()], except: Vec::new() };
        for part in text.split(' ') {
            let is_left_out = !audience.except.is_empty();
            let addresses = if is_left_out { &mut audience.except } else { &mut audience.to };
            match part {
                FURTHER => addresses.push(nobody()),
                LEFT_OUT => audience.except.push(nobody()),
                _ => {
                    let address = addresses.last_mut().ok_or(InvalidScope)?;
                    match part {
                        ALL => address.breadth = Breadth::Everybody,
                        part => match part.parse()? {
                            Part::Customer(customer) => address.customers.push(customer),
                            Part::Number(number) => address.number = Some(number),
                            Part::Assigned(assigned) => address.assigned.push(assigned),
                        },
                    }
                }
            }
        }
        Ok(audience)
    }
}

/// One part of a scope or of an address.
enum Part {
    Customer(CustomerId),
    Number(PhoneNumberId),
    Assigned(AssignedTo),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(customer) => write!(f, "customer:{customer}"),
            Self::Number(number) => write!(f, "number:{}", Escaped(number.as_str())),
            Self::Assigned(AssignedTo::Agent(agent)) => write!(f, "agent:{}", Escaped(agent.as_str())),
            Self::Assigned(AssignedTo::Team(team)) => write!(f, "team:{}", Escaped(team.as_str())),
        }
    }
}

impl FromStr for Part {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let (kind, value) = text.split_once(':').ok_or(InvalidScope)?;
        let value = unescaped(value).ok_or(InvalidScope)?;
        let part = match kind {
            "customer" => value.parse().ok().map(Self::Customer),
            "number" => PhoneNumberId::parse(&value).map(Self::Number),
            "agent" => Responder::parse(&value).map(|agent| Self::Assigned(AssignedTo::Agent(agent))),
            "team" => Responder::parse(&value).map(|team| Self::Assigned(AssignedTo::Team(team))),
            _ => None,
        };
        part.ok_or(InvalidScope)
    }
}

/// A name in which everything that separates, and everything beyond ASCII, is written as `%` and two hexadecimal digits a
/// byte (RFC 3986, section 2.1).
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            match byte {
                b'+' | b'%' => write!(f, "%{byte:02X}")?,
                byte if byte.is_ascii_graphic() => write!(f, "{}", char::from(byte))?,
                byte => write!(f, "%{byte:02X}")?,
            }
        }
        Ok(())
    }
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> PhoneNumberId {
        PhoneNumberId::parse(text).unwrap()
    }

    fn agent(name: &str) -> AssignedTo {
        AssignedTo::Agent(Responder::parse(name).unwrap())
    }

    fn team(name: &str) -> AssignedTo {
        AssignedTo::Team(Responder::parse(name).unwrap())
    }

    fn customer(n: u8) -> CustomerId {
        CustomerId::from_bytes([n; 16])
    }

    fn thread(assigned: &[AssignedTo], breadth: Breadth) -> Address {
        Address {
            customers: vec![customer(1), customer(2)],
            number: Some(number("7")),
            assigned: assigned.into(),
            breadth,
        }
    }

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for scope in [
            Scope::ALL,
            Scope::of_customer(customer(1)),
            Scope::of_number(number("100000000000101")),
            Scope {
                customer: Some(customer(1)),
                number: Some(number("1")),
                assigned: Some(team("Verkauf + Ä|!%")),
            },
            Scope { assigned: Some(agent("ana b")), ..Scope::ALL },
        ] {
            let text = scope.to_string();
            assert!(!text.contains(' '), "{text}");
            assert_eq!(text.parse(), Ok(scope));
        }
        for text in [
            "",
            "everything",
            "number:",
            "customer:cus_1",
            "name:x",
            "all+number:1",
            "team:a+agent:b",
            "team:%4",
        ] {
            assert_eq!(text.parse::<Scope>(), Err(InvalidScope), "{text}");
        }
    }

    #[test]
    fn audiences_are_read_as_they_are_written() {
        let assigned = [agent("ana"), team("night shift")];
        let both = Audience {
            to: vec![thread(&assigned, Breadth::Everybody), thread(&[], Breadth::Everybody)],
            except: vec![thread(&assigned, Breadth::AssignedOnly), thread(&[], Breadth::AssignedOnly)],
        };
        for audience in [Audience { except: Vec::new(), ..both.clone() }, both] {
            assert_eq!(audience.to_string().parse(), Ok(audience));
        }
    }

    #[test]
    fn an_address_covers_what_has_all_parts_of_a_scope() {
        let address = thread(&[agent("ana"), team("sales")], Breadth::Everybody);
        let narrow = |customer, number, assigned| Scope { customer, number, assigned };
        for (scope, expected) in [
            (Scope::ALL, true),
            (narrow(Some(customer(2)), Some(number("7")), Some(team("sales"))), true),
            (narrow(None, None, Some(agent("ana"))), true),
            (narrow(None, None, Some(team("ana"))), false),
            (narrow(Some(customer(3)), Some(number("7")), None), false),
            (narrow(None, Some(number("8")), Some(agent("ana"))), false),
        ] {
            assert_eq!(address.covers(&scope), expected, "{scope}");
            let audience = Audience { to: vec![address.clone()], except: Vec::new() };
            assert_eq!(audience.scopes().contains(&scope), expected, "{scope}");
        }
        let only = thread(&[agent("ana")], Breadth::AssignedOnly);
        assert!(
            !only.covers(&Scope::of_number(number("7")))
                && only.covers(&narrow(None, None, Some(agent("ana"))))
        );
    }

    #[test]
    fn whoever_is_left_out_is_so_by_any_scope() {
        let audience = Audience {
            to: vec![thread(&[team("sales")], Breadth::AssignedOnly)],
            except: vec![thread(&[agent("ana")], Breadth::AssignedOnly)],
        };
        let [of_team, of_ana] =
            [team("sales"), agent("ana")].map(|by| Scope { assigned: Some(by), ..Scope::ALL });
        assert!(audience.is_for(std::slice::from_ref(&of_team)));
        assert!(!audience.is_for(&[of_team, of_ana]));
    }
}
