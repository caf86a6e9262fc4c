#include "rules/base/language.h"

#include <atomic>

namespace b24 {
namespace {
std::atomic<Language> current{Language::ru};
}

void set_language(Language language) { current.store(language, std::memory_order_relaxed); }
Language language() { return current.load(std::memory_order_relaxed); }

}  // namespace b24
