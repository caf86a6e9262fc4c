#include "daemon/store/new_rows.h"

#include <SQLiteCpp/Statement.h>
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <functional>
#include <new>

#include "tests/store/store_fixture.h"

// What becomes of a source that fails under a statement.

namespace b24 {
namespace {

struct Failing : RowSource {
  explicit Failing(std::function<void()> failure) : fail(std::move(failure)) {}
  std::size_t rows() const noexcept override { return 3; }
  void go_to(std::size_t row) override {
    if (row == 1) fail();
  }
  ValueView value(std::size_t) const override { return std::int64_t{7}; }
  std::function<void()> fail;
};

class NewRowsTest : public StoreTest {
 protected:
  SqliteFailure failure_of(const std::function<void()>& failure) {
    Failing source{failure};
    try {
      new_rows_.run(connection_.statement("INSERT INTO taken SELECT v0 FROM new_rows"), source);
    } catch (const SqliteFailure& found) {
      return found;
    }
    throw std::runtime_error{"nothing failed"};
  }

  Connection connection_{make(folder_.path() / "some.sqlite"), Connection::Mode::write};
  NewRows new_rows_{connection_};

 private:
  static std::filesystem::path make(std::filesystem::path file) {
    SQLite::Database{file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}.exec(
        "CREATE TABLE taken (x)");
    return file;
  }
};

TEST_F(NewRowsTest, TellWhyASourceFailed) {
  const auto broken = failure_of([] { throw std::runtime_error{"a record is broken"}; });
  EXPECT_EQ(broken.code, SQLITE_ERROR);
  EXPECT_THAT(broken.what(), testing::HasSubstr("a record is broken"));
  EXPECT_EQ(failure_of([] { throw std::bad_alloc{}; }).code, SQLITE_NOMEM);
  auto taken = connection_.run("SELECT count(*) FROM taken");
  ASSERT_TRUE(taken.next());
  EXPECT_EQ(taken.integer(0), 0) << "a statement is taken back whole";
}

}  // namespace
}  // namespace b24
