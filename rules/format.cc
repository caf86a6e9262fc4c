#include <fmt/format.h>

#include <array>
#include <cmath>

#include "rules/base/language.h"
#include "rules/text.h"

// The part of text.h that writes numbers and durations.

namespace b24 {
namespace {

constexpr std::string_view kMinus = "\u2212";
constexpr std::string_view kThinSpace = "\u202F";

bool is_english() { return language() == Language::en; }

}  // namespace

std::string format_money(double amount) {
  if (!std::isfinite(amount)) return "—";
  const std::string digits = fmt::format("{:.0f}", std::abs(amount));
  std::string result{amount < 0 && digits != "0" ? kMinus : ""};
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) result += kThinSpace;
    result += digits[i];
  }
  return result;
}

std::string format_number(double value) {
  if (!std::isfinite(value)) return "—";
  const double size = std::abs(value);
  std::string digits = fmt::format(fmt::runtime(size < 1 ? "{:.2f}" : "{:.1f}"), size);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  if (const auto point = digits.find('.'); point != std::string::npos && !is_english()) {
    digits[point] = ',';
  }
  return (value < 0 && digits != "0" ? std::string{kMinus} : std::string{}) + digits;
}

std::string format_duration(seconds duration) {
  const auto minute = duration.count() / 60;
  if (minute < 2) return std::string{tr("минуту", "a minute")};
  if (minute < 60) return fmt::format(fmt::runtime(tr("{} мин", "{} min")), minute);
  if (minute < 24 * 60) {
    if (minute % 60 == 0) return fmt::format(fmt::runtime(tr("{} ч", "{} h")), minute / 60);
    return fmt::format(fmt::runtime(tr("{} ч {} мин", "{} h {} min")), minute / 60, minute % 60);
  }
  const auto count = minute / (24 * 60);
  return fmt::format("{} {}", count,
                     is_english() ? plural(static_cast<double>(count), "day", "days", "days")
                                  : plural(static_cast<double>(count), "день", "дня", "дней"));
}

std::string format_days(double amount, DayKind kind) {
  // Ages are shown in full days gone by; a hair below a whole day is rounding, not a day less.
  const double whole = std::floor(amount + 1e-6);
  if (whole < 1) return std::string{tr("меньше дня", "less than a day")};
  return fmt::format("{:.0f} {}", whole,
                     kind == DayKind::work ? tr("раб. дн.", "work d") : tr("дн.", "d"));
}

std::string plural(double value, std::string_view one, std::string_view few,
                   std::string_view many) {
  const double size = std::abs(value);
  const bool whole = size == std::floor(size);
  if (is_english()) return std::string{size == 1 ? one : many};
  if (!whole) return std::string{few};
  const int last_two = static_cast<int>(std::fmod(size, 100));
  const int last = last_two % 10;
  if (last_two >= 11 && last_two <= 14) return std::string{many};
  if (last == 1) return std::string{one};
  return std::string{last >= 2 && last <= 4 ? few : many};
}

}  // namespace b24
