#include "tests/portal/generator.h"

// Names and titles.

namespace b24::sim {
namespace {

constexpr const char* kMen[] = {"Иван",   "Пётр",    "Сергей", "Алексей", "Дмитрий", "Андрей",
                                "Михаил", "Николай", "Павел",  "Роман",   "Егор",    "Фёдор"};
constexpr const char* kWomen[] = {"Анна",  "Мария", "Елена", "Ольга",  "Наталья", "Ирина",
                                  "Дарья", "Юлия",  "Алина", "Ксения", "Вера",    "Софья"};
constexpr const char* kFamilies[] = {
    "Иванов",  "Петров",  "Сидоров", "Кузнецов", "Смирнов",  "Попов",   "Васильев",
    "Соколов", "Морозов", "Новиков", "Волков",   "Алексеев", "Лебедев", "Семёнов",
    "Егоров",  "Павлов",  "Козлов",  "Степанов", "Николаев", "Орлов",   "Андреев",
    "Макаров", "Никитин", "Захаров", "Зайцев",   "Соловьёв", "Борисов", "Яковлев"};
constexpr const char* kClients[] = {"Ромашка",  "Вектор", "Альфа",  "СтройМир", "ТехноПром",
                                    "Меркурий", "Сириус", "Гранит", "Лотос",    "Северный ветер"};
constexpr const char* kForms[] = {"ООО", "АО", "ИП", "ПАО"};
constexpr const char* kSubjects[] = {
    "поставка оборудования", "внедрение CRM", "обслуживание",      "лицензии",
    "консультация",          "монтаж",        "обучение персонала"};
constexpr const char* kTasks[] = {
    "Позвонить клиенту",   "Отправить КП",     "Подготовить договор", "Согласовать скидку",
    "Напомнить об оплате", "Провести встречу", "Заполнить карточку"};
constexpr const char* kTodos[] = {"Связаться с клиентом", "Уточнить потребность",
                                  "Отправить каталог", "Согласовать сроки"};
constexpr const char* kMeetings[] = {"Встреча в офисе", "Показ оборудования", "Выезд на объект"};
constexpr const char* kLetters[] = {"Коммерческое предложение", "Ответ на запрос", "Договор",
                                    "Вопрос о доставке"};
constexpr const char* kRequests[] = {"Заявка с сайта", "Входящий звонок", "Запрос цены",
                                     "Обратный звонок"};

constexpr const char* kProducts[] = {"Станок",   "Монтаж",       "Лицензия на год",
                                     "Доставка", "Обслуживание", "Комплект «Старт»"};

}  // namespace

std::string product_name(Dice& dice) { return dice.pick(kProducts); }

std::string deal_title(Dice& dice) {
  std::string title =
      std::string{dice.pick(kForms)} + " «" + dice.pick(kClients) + "» — " + dice.pick(kSubjects);
  switch (dice.roll(0, 19)) {
    case 0:
      return "[VIP] " + title;
    case 1:
      return title + " \"срочно\"";
    case 2:
      return title + " 🚀";
    case 3:
      return title + " [b]скидка 10%[/b]";
    case 4:
      return title + " & <партнёр>";
    default:
      return title;
  }
}

std::string task_title(Dice& dice) {
  std::string title = std::string{dice.pick(kTasks)} + ": " + dice.pick(kClients);
  if (dice.chance(5)) title += " [до конца дня]";
  if (dice.chance(3)) title += " ☎️";
  return title;
}

std::string lead_title(Dice& dice) {
  std::string title = dice.pick(kRequests);
  title += ": ";
  title += dice.pick(kSubjects);
  if (dice.chance(5)) title += " [повторно]";
  return title;
}

std::string company_title(Dice& dice) {
  std::string title = dice.pick(kForms);
  title += " «";
  title += dice.pick(kClients);
  return title + "»";
}

std::string activity_subject(Dice& dice, Provider provider) {
  switch (provider) {
    case Provider::call:
      return "Звонок";
    case Provider::meeting:
      return dice.pick(kMeetings);
    case Provider::email:
      return dice.pick(kLetters);
    case Provider::task:
      return task_title(dice);
    case Provider::todo:
      return dice.pick(kTodos);
    case Provider::chat:
      return "Чат открытой линии";
  }
  return {};
}

PersonName person_name(Dice& dice) {
  PersonName name;
  name.female = dice.chance(50);
  name.first = name.female ? dice.pick(kWomen) : dice.pick(kMen);
  name.last = dice.pick(kFamilies);
  if (name.female) name.last += "а";
  return name;
}

}  // namespace b24::sim
