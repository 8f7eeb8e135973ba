//! Those who write another language than English, two of them from right to left.

use super::Line::{Button, Photo, Place, Reaction, Text, Voice};
use super::{Customer, Tongue};

pub(super) static CUSTOMERS: [Customer; 4] = [
    Customer {
        name: "Lucía Fernández 🌻",
        username: Some("lucia.fdz"),
        wa_id: "15550100109",
        bsuid: "US.70000000000000100109",
        tongue: Tongue::Spanish,
        talks: &[
            &[
                Text("¡Hola! ¿Tienen todavía la tetera azul de 1,5 litros?"),
                Text("La vi en la tienda la semana pasada, pero en la web pone agotada."),
                Text("Si queda alguna, ¿me la pueden guardar hasta el sábado?"),
                Reaction("👍🏽"),
            ],
            &[
                Text("Buenas tardes, mi pedido 4425 llegó con la tapa rota."),
                Photo("Así venía en la caja"),
                Text("No hace falta que lo recojan, solo necesito una tapa nueva."),
                Text("¿Me mandan una, por favor? La dirección es la misma."),
            ],
        ],
    },
    Customer {
        name: "ليلى حداد",
        username: None,
        wa_id: "15550100110",
        bsuid: "US.70000000000000100110",
        tongue: Tongue::Arabic,
        talks: &[
            &[
                Text("مرحبا، هل يمكن توصيل الطلب رقم 4402 يوم الخميس؟"),
                Text("سأكون في البيت بعد الساعة الرابعة."),
                Place {
                    name: "الحديقة الشرقية",
                    address: "5 Garden Ave",
                    latitude: 40.7306,
                    longitude: -73.9866,
                },
                Text("المدخل من جهة الحديقة، شكرا لكم 🌸"),
            ],
            &[
                Text("وصل الطلب اليوم، كل شيء ممتاز ❤️"),
                Photo("إبريق الشاي في مكانه الجديد"),
                Text("هل عندكم أكواب من نفس المجموعة (KC-12)؟"),
            ],
        ],
    },
    Customer {
        name: "נועם לוי",
        username: None,
        wa_id: "15550100111",
        bsuid: "US.70000000000000100111",
        tongue: Tongue::Hebrew,
        talks: &[
            &[
                Text("שלום, קניתי אצלכם מיקסר (הזמנה 4390) והוא לא נדלק."),
                Text("ניסיתי גם שקע אחר."),
                Voice,
                Text("מה עושים, שולחים אותו אליכם או שיש טכנאי?"),
            ],
            &[
                Text("עד איזו שעה אתם פתוחים ביום שישי?"),
                Text("אני צריך להגיע עם אוטו, יש חניה?"),
                Button { text: "OK, see you Friday", payload: "VISIT_FRIDAY" },
            ],
        ],
    },
    Customer {
        name: "João Conceição",
        username: None,
        wa_id: "15550100112",
        bsuid: "US.70000000000000100112",
        tongue: Tongue::Portuguese,
        talks: &[
            &[
                Text("Boa tarde! Vocês entregam fora da cidade?"),
                Text("É um conjunto de panelas, pedido 4440."),
                Text("Se o frete for caro eu busco na loja, sem problema."),
                Text("Obrigado desde já 🙌"),
            ],
            &[
                Text("Oi, sou eu outra vez. Faltou uma tampa no conjunto."),
                Photo("São cinco panelas e só quatro tampas 😅"),
                Text("Não é urgente, posso esperar até a próxima semana."),
                Reaction("😂"),
            ],
        ],
    },
];
