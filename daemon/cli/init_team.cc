#include "daemon/cli/init_team.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iostream>

#include "connectors/say.h"
#include "daemon/cli/terminal.h"

namespace b24 {
namespace {

constexpr std::size_t kMostShown = 9;
constexpr std::size_t kNamesShown = 4;
constexpr int kPatience = 5;

Error gone_away() {
  return error(ErrorKind::invalid_input,
               say("Ответа нет: ничего не записано.", "There is no answer: nothing is written."));
}

const Person* person_of(const Staff& staff, std::int64_t id) {
  const auto found = std::find_if(staff.persons.begin(), staff.persons.end(),
                                  [&](const Person& person) { return person.id == id; });
  return found == staff.persons.end() ? nullptr : &*found;
}

std::string with_id(const Person& person) {
  return fmt::format("{} (id {})", person.name, person.id);
}

std::string head_text(const SalesTeam& team) {
  return team.head ? with_id(*team.head) : say("нет", "none");
}

// "Анна Белова, Пётр Чернов и ещё 5".
std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kNamesShown; ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kNamesShown) {
    text += say(" и ещё {}", " and {} more", names.size() - kNamesShown);
  }
  return text;
}

Result<std::vector<SalesTeam>> named_teams(const Staff& staff, const std::vector<SalesTeam>& teams,
                                           const std::vector<std::int64_t>& ids) {
  std::vector<SalesTeam> chosen;
  for (const std::int64_t id : ids) {
    const auto team = std::find_if(teams.begin(), teams.end(),
                                   [&](const SalesTeam& t) { return t.department == id; });
    if (team != teams.end()) {
      chosen.push_back(*team);
      continue;
    }
    const auto department = std::find_if(staff.departments.begin(), staff.departments.end(),
                                         [&](const Department& d) { return d.id == id; });
    if (department == staff.departments.end()) {
      return error(ErrorKind::invalid_input,
                   say("Отдела {} на портале нет: ничего не записано.",
                       "The portal has no department {}: nothing is written.", id));
    }
    chosen.push_back(sales_team(staff, *department));
  }
  return chosen;
}

// "1, 3" as indices; nothing when it is not that. "0" is nobody in particular.
std::optional<std::vector<std::size_t>> numbers_in(std::string_view text, std::size_t most) {
  std::vector<std::size_t> numbers;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(" ,;\t", at)) != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(" ,;\t", at), text.size());
    std::size_t number = 0;
    const auto [rest, fault] = std::from_chars(text.data() + at, text.data() + end, number);
    if (fault != std::errc{} || rest != text.data() + end || number > most) return std::nullopt;
    if (number > 0) numbers.push_back(number - 1);
    at = end;
  }
  return numbers;
}

void show_teams(const std::vector<SalesTeam>& teams, std::size_t shown) {
  std::cerr << say("\nКого считать отделом продаж?\n", "\nWhich is the sales department?\n");
  for (std::size_t i = 0; i < shown; ++i) {
    std::cerr << fmt::format("  {}. {}\n", i + 1, team_line(teams[i], Length::full));
  }
  std::cerr << say("  0. Всех, за кем есть сделки\n", "  0. Everybody who has deals\n");
}

Result<std::vector<SalesTeam>> ask_teams(const std::vector<SalesTeam>& teams) {
  const std::size_t shown = std::min(teams.size(), kMostShown);
  show_teams(teams, shown);
  const std::size_t likely = std::min(likely_teams(teams), shown);
  std::string proposed = likely == 0 ? "0" : "1";
  for (std::size_t i = 1; i < likely; ++i) proposed += fmt::format(", {}", i + 1);
  for (int i = 0; i < kPatience; ++i) {
    auto line = ask(say("Номера через запятую [{}]: ", "Numbers, with commas [{}]: ", proposed));
    if (!line) return gone_away();
    const bool blank = line->find_first_not_of(" \t\r") == std::string::npos;
    const auto numbers = numbers_in(blank ? proposed : *line, shown);
    if (!numbers) {
      std::cerr << say("Нужны номера от 0 до {}.\n", "Numbers from 0 to {} are wanted.\n", shown);
      continue;
    }
    std::vector<SalesTeam> chosen;
    for (const std::size_t number : *numbers) chosen.push_back(teams[number]);
    return chosen;
  }
  return gone_away();
}

std::optional<std::int64_t> id_in(const std::string& line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  const std::size_t last = line.find_last_not_of(" \t\r");
  std::int64_t id = 0;
  const char* const end = line.data() + last + 1;
  const auto [rest, fault] = std::from_chars(line.data() + first, end, id);
  return fault == std::errc{} && rest == end ? std::optional(id) : std::nullopt;
}

// The head that the person names in place of the portal's; nothing: the portal's, or the owner of
// the webhook.
Result<std::optional<Person>> ask_head(const SalesTeam& team, const Staff& staff) {
  const std::string question =
      team.head ? say("Об отделе «{}» писать: {}. Enter – да, или id другого сотрудника: ",
                      "About “{}” we shall tell {}. Enter for yes, or the id of somebody else: ",
                      team.name, with_id(*team.head))
                : say("У отдела «{}» нет руководителя. Enter – писать владельцу вебхука, или id "
                      "сотрудника: ",
                      "“{}” has no head. Enter to tell the owner of the webhook, or the id of "
                      "somebody: ",
                      team.name);
  for (int i = 0; i < kPatience; ++i) {
    const auto line = ask(question);
    if (!line) return gone_away();
    if (line->find_first_not_of(" \t\r") == std::string::npos) return std::optional<Person>{};
    const auto id = id_in(*line);
    if (const Person* person = id ? person_of(staff, *id) : nullptr; person != nullptr) {
      return std::optional<Person>{*person};
    }
    std::cerr << say("Такого действующего сотрудника на портале нет.\n",
                     "The portal has no such active employee.\n");
  }
  return gone_away();
}

}  // namespace

std::string team_line(const SalesTeam& team, Length length) {
  const std::string brief = say("«{}» (id {}): руководитель – {}", "“{}” (id {}): head – {}",
                                team.name, team.department, head_text(team));
  if (length == Length::brief) return brief;
  return brief + say("; сотрудников: {} ({})", "; people: {} ({})", team.managers.size(),
                     names_text(team.managers));
}

Result<ChosenTeams> choose_teams(const Staff& staff, const InitArguments& arguments,
                                 Asking asking) {
  const Person* head = nullptr;
  if (arguments.head) {
    head = person_of(staff, *arguments.head);
    if (head == nullptr) {
      return error(ErrorKind::invalid_input,
                   say("Сотрудника {} на портале нет или он уволен: ничего не записано.",
                       "The portal has no employee {}, or he is dismissed: nothing is written.",
                       *arguments.head));
    }
  }
  const std::vector<SalesTeam> teams = sales_teams(staff);
  Result<std::vector<SalesTeam>> chosen = std::vector<SalesTeam>{};
  if (!arguments.departments.empty()) {
    chosen = named_teams(staff, teams, arguments.departments);
  } else if (asking == Asking::person && !teams.empty()) {
    chosen = ask_teams(teams);
  } else {
    const auto likely = static_cast<std::ptrdiff_t>(likely_teams(teams));
    chosen = std::vector(teams.begin(), teams.begin() + likely);
  }
  if (!chosen) return chosen.error();
  if (head != nullptr && chosen->empty()) {
    return error(ErrorKind::invalid_input,
                 say("Ключ --head называет руководителя отдела, а отдел продаж не выбран: назовите "
                     "его ключом --department. Ничего не записано.",
                     "--head names the head of a department, and no sales department is chosen: "
                     "name it by --department. Nothing is written."));
  }
  ChosenTeams result;
  for (SalesTeam& team : *chosen) {
    std::optional<Person> other;
    if (head != nullptr) {
      other = *head;
    } else if (asking == Asking::person) {
      auto answer = ask_head(team, staff);
      if (!answer) return answer.error();
      other = std::move(*answer);
    }
    result.departments.insert(team.department);
    if (other && (!team.head || other->id != team.head->id)) {
      result.heads[team.department] = other->id;
      team.head = std::move(other);
    }
    result.teams.push_back(std::move(team));
  }
  return result;
}

}  // namespace b24
