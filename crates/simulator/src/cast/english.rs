//! Those who write English.

use super::Line::{Button, Card, Photo, Place, Reaction, Text, Voice};
use super::{Customer, Tongue};

pub(super) static CUSTOMERS: [Customer; 8] = [
    Customer {
        name: "Siobhán O’Brien 👩‍👩‍👧",
        username: None,
        wa_id: "15550100101",
        bsuid: "US.70000000000000100101",
        tongue: Tongue::English,
        talks: &[
            &[
                Text("Hi! I ordered a blue kettle last Thursday, order 4417."),
                Text("The tracking says “out for delivery” since Monday, but nobody came."),
                Text("Could you check where it is?"),
                Text("We'll be home all afternoon, if that helps."),
                Reaction("🙏"),
            ],
            &[
                Text("Me again 🙂 the kettle is here, and it's lovely!"),
                Photo("Look how well it goes with the tiles"),
                Text("Do you have the matching toaster, too?"),
                Text("No hurry, it's for my wife's birthday on the 20th."),
            ],
        ],
    },
    Customer {
        name: "Chinwe Okafor",
        username: Some("chinwe.cooks"),
        wa_id: "15550100102",
        bsuid: "US.70000000000000100102",
        tongue: Tongue::English,
        talks: &[
            &[
                Text("Good morning. Are you open on Saturday?"),
                Text("I'd come by around 5 pm to pick up two cast-iron pans."),
                Text("And is there parking nearby?"),
                Button { text: "Remind me on Friday", payload: "REMIND_FRIDAY" },
            ],
            &[
                Photo("One of the pans has this mark. Is it rust?"),
                Text("It was like that out of the box."),
                Text("If it's only oil I'll keep it, otherwise I'd like to exchange it."),
                Voice,
            ],
        ],
    },
    Customer {
        name: "Søren Ångström",
        username: None,
        wa_id: "15550100103",
        bsuid: "US.70000000000000100103",
        tongue: Tongue::English,
        talks: &[
            &[
                Text("Hello, I would like to return the coffee grinder from order 4388."),
                Text("It works, but it is much louder than I expected."),
                Text("It is in its box, with everything that came with it."),
                Text("Do I pay for the parcel or do you send a label?"),
            ],
            &[
                Text("I brought the grinder to the post office this morning."),
                Photo("The receipt"),
                Text("How long does the refund take, as a rule?"),
                Text("Thanks for making this easy, by the way."),
            ],
        ],
    },
    Customer {
        name: "田中 美咲",
        username: Some("misaki_t"),
        wa_id: "15550100104",
        bsuid: "US.70000000000000100104",
        tongue: Tongue::English,
        talks: &[
            &[
                Text("こんにちは！ Is it all right to write in English?"),
                Text("I'm looking for a rice cooker for two people."),
                Text("Does the small one (KC-03) work with 120 V?"),
                Text("And can you engrave a name on the lid? 美咲 if possible 😊"),
            ],
            &[
                Text("My friend asked where I bought it, so I'm sending her card along."),
                Card { formatted_name: "Hana Sato", first_name: "Hana", wa_id: "15550100191" },
                Text("Please tell her when the white one is back in stock."),
                Reaction("❤️"),
            ],
        ],
    },
    Customer {
        name: "प्रिया रमन ✨",
        username: None,
        wa_id: "15550100105",
        bsuid: "US.70000000000000100105",
        tongue: Tongue::English,
        talks: &[
            &[
                Text("Hi, I paid for order 4431 twice, I think."),
                Photo("My bank shows two charges of 64.90"),
                Text("Only one confirmation mail came."),
                Text("Can you see both on your side?"),
            ],
            &[
                Text("Can I still change the address of order 4431?"),
                Text("I'm at my sister's until Sunday:"),
                Place {
                    name: "Harbour View Apartments",
                    address: "12 Quay St, Apt 4B",
                    latitude: 40.7003,
                    longitude: -74.0122,
                },
                Text("The bell says “Raman / Iyer”."),
            ],
        ],
    },
    Customer {
        name: "Miloš Dvořák",
        username: None,
        wa_id: "15550100106",
        bsuid: "US.70000000000000100106",
        tongue: Tongue::English,
        talks: &[
            &[
                Text("Good afternoon, we run a small café and need about 60 cups."),
                Text("Espresso and cappuccino size, white, stackable."),
                Text("Is there a price for business customers?"),
                Place {
                    name: "Café Pod Lípou",
                    address: "3 Linden Row",
                    latitude: 40.7128,
                    longitude: -74.006,
                },
                Text("Delivery would be to this place, mornings before 9."),
            ],
            &[
                Text("About the cups: could we have a sample of each first?"),
                Voice,
                Text("If they survive our dishwasher we take 80."),
            ],
        ],
    },
    Customer {
        name: "🎧 DJ Kofi 🎶",
        username: Some("djkofi"),
        wa_id: "15550100107",
        bsuid: "US.70000000000000100107",
        tongue: Tongue::English,
        talks: &[
            &[
                Text("yo is the neon ice bucket real or just for the photo 😂"),
                Text("need 3 by friday, got a gig"),
                Text("express is fine whatever it costs"),
                Button { text: "Deliver Thursday", payload: "DELIVERY_THURSDAY" },
            ],
            &[
                Voice,
                Text("sorry was on the bus, what i meant: can i pay on pickup?"),
                Text("and do the batteries come with it"),
                Reaction("🔥"),
            ],
        ],
    },
    Customer {
        name: "Zoë van der Berg 🌷",
        username: None,
        wa_id: "15550100108",
        bsuid: "US.70000000000000100108",
        tongue: Tongue::English,
        talks: &[
            &[
                Text("Hello! My gift card KC-GIFT-2207 is not accepted at the checkout."),
                Text("It says “already used”, but I only got it yesterday."),
                Photo("This is the card, front and back"),
                Text("My basket is saved, so I'll wait for your answer."),
            ],
            &[
                Text("Is the knife workshop in December already full?"),
                Text("We would be two, my father and I. He is left-handed, is that a problem?"),
                Text("Then please put us on the list 🌷"),
            ],
        ],
    },
];
