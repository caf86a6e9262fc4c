#include <algorithm>
#include <array>
#include <map>

#include "config/problem.h"
#include "config/utf8.h"

namespace b24 {
namespace {

using Letters = std::map<char32_t, char>;

const Letters kLookalikes = {
    {U'а', 'a'}, {U'е', 'e'}, {U'о', 'o'}, {U'р', 'p'}, {U'с', 'c'}, {U'х', 'x'}, {U'у', 'y'},
    {U'к', 'k'}, {U'м', 'm'}, {U'т', 't'}, {U'в', 'b'}, {U'н', 'h'}, {U'і', 'i'}, {U'ј', 'j'},
    {U'ѕ', 's'}, {U'А', 'A'}, {U'Е', 'E'}, {U'О', 'O'}, {U'Р', 'P'}, {U'С', 'C'}, {U'Х', 'X'},
    {U'У', 'Y'}, {U'К', 'K'}, {U'М', 'M'}, {U'Т', 'T'}, {U'В', 'B'}, {U'Н', 'H'}};

// What the same key gives on a Latin keyboard.
Letters keyboard() {
  const std::u32string_view russian = U"йцукенгшщзхъфывапролджэячсмитьбюё";
  const std::string_view latin = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`";
  Letters keys;
  for (std::size_t i = 0; i < russian.size(); ++i) keys[russian[i]] = latin[i];
  return keys;
}

// The word with letters replaced; "" when a letter that is not ASCII remains.
std::string replaced(std::string_view word, const Letters& letters) {
  std::string result;
  for (const utf8::Character& c : utf8::characters(word)) {
    const auto found = letters.find(c.code);
    if (found != letters.end()) {
      result += found->second;
    } else if (c.code < 0x80) {
      result += static_cast<char>(c.code);
    } else {
      return {};
    }
  }
  return result;
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Damerau-Levenshtein: changed, missing, extra and swapped neighbours count one each.
std::size_t distance(const std::vector<utf8::Character>& a, const std::vector<utf8::Character>& b) {
  std::vector<std::size_t> before, last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = a[i - 1].code == b[j - 1].code ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + changed});
      if (i > 1 && j > 1 && a[i - 1].code == b[j - 2].code && a[i - 2].code == b[j - 1].code) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = last;
    last = row;
  }
  return last[b.size()];
}

constexpr std::size_t kLongestWord = 100;

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  static const Letters kKeyboard = keyboard();
  const std::vector<utf8::Character> letters = utf8::characters(utf8::head(word, kLongestWord));
  if (letters.empty()) return {};
  for (const Letters* map : {&kLookalikes, &kKeyboard}) {
    const std::string other = replaced(word, *map);
    if (!other.empty() && other != word && contains(candidates, other)) return other;
  }
  std::string best;
  std::size_t best_distance = 3;
  for (const std::string& candidate : candidates) {
    const std::vector<utf8::Character> wanted = utf8::characters(candidate);
    if (wanted.size() > letters.size() + 2 || letters.size() > wanted.size() + 2) continue;
    const std::size_t d = distance(letters, wanted);
    // In a short word two mistakes leave too little to guess from.
    if (d == 0 || d >= best_distance || d * 2 >= std::max(letters.size(), wanted.size())) continue;
    best_distance = d;
    best = candidate;
  }
  return best;
}

std::vector<Lookalike> lookalikes(std::string_view word,
                                  const std::vector<std::string>& candidates) {
  const std::string latin = replaced(word, kLookalikes);
  if (latin.empty() || latin == word || !contains(candidates, latin)) return {};
  std::vector<Lookalike> found;
  const auto letters = utf8::characters(word);
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (letters[i].code < 0x80) continue;
    found.push_back(
        {i, std::string(word.substr(letters[i].at, letters[i].length)), std::string(1, latin[i])});
  }
  return found;
}

}  // namespace b24
