#include "connectors/gzip.h"

#include <gtest/gtest.h>

#include "tests/connectors/http_server.h"
#include "tests/support/mangle.h"

namespace b24 {
namespace {

constexpr std::size_t kLimit = 1 << 20;

TEST(GunzipTest, GivesBackWhatWasPacked) {
  for (const std::size_t size : {0U, 1U, 100U, 70'000U, 1U << 20U}) {
    std::string text;
    while (text.size() < size) text += std::to_string(text.size() * 7919) + ",";
    text.resize(size);
    std::string got = "something of before";
    EXPECT_EQ(gunzip(test::gzipped(text), kLimit, got), Gunzip::done) << size;
    EXPECT_EQ(got, text);
  }
}

TEST(GunzipTest, RefusesWhatIsTooLarge) {
  const std::string packed = test::gzipped(std::string(kLimit + 1, 'x'));
  ASSERT_LT(packed.size(), kLimit / 100);
  std::string got;
  EXPECT_EQ(gunzip(packed, kLimit, got), Gunzip::too_large);
  EXPECT_EQ(gunzip(packed, kLimit + 1, got), Gunzip::done);
}

// The last bytes say how large the text is; they are not believed beyond what can be.
TEST(GunzipTest, RefusesAFalseSize) {
  for (const std::size_t shift : {1U, 2U, 3U}) {
    std::string packed = test::gzipped(std::string(1000, 'x'));
    packed[packed.size() - shift] = '\x01';
    std::string got;
    EXPECT_NE(gunzip(packed, std::size_t{1} << 40U, got), Gunzip::done);
    EXPECT_LT(got.capacity(), packed.size() * 2000);
  }
}

TEST(GunzipTest, RefusesEveryCutAndEveryRubbish) {
  const std::string packed = test::gzipped(R"({"result":{"items":[{"id":1},{"id":2}]}})");
  std::string got;
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_EQ(gunzip(packed.substr(0, size), kLimit, got), Gunzip::broken) << size;
  }
  EXPECT_EQ(gunzip(packed + packed, kLimit, got), Gunzip::broken);
  EXPECT_EQ(gunzip("{\"result\":[]}", kLimit, got), Gunzip::broken);
}

TEST(GunzipTest, NeverCrashesOnRubbish) {
  const std::string packed = test::gzipped(R"({"result":{"items":[{"id":1},{"id":2}]}})");
  std::string got;
  for (unsigned seed = 1; seed <= 4000; ++seed) {
    const std::string text = test::mangle(packed, seed, std::string_view("\0\xff\x1f\x8b", 4));
    if (gunzip(text, kLimit, got) == Gunzip::done) {
      EXPECT_LE(got.size(), kLimit);
    }
  }
}

}  // namespace
}  // namespace b24
