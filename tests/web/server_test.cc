#include "daemon/web/server.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "tests/web/raw_client.h"

namespace b24 {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

// A listener on a free port, and the hints it took.
class WebServerTest : public testing::Test {
 protected:
  int start(WebOptions options = {}) {
    options.application_token = Secret{kToken};
    server_.emplace(std::move(options), [this](const Hint& hint) {
      std::lock_guard lock{mutex_};
      hints_.push_back(hint);
      return true;
    });
    const Result<int> port = server_->start();
    EXPECT_TRUE(port.has_value());
    port_ = port.value_or(0);
    return port_;
  }

  std::vector<Hint> hints() {
    std::lock_guard lock{mutex_};
    return hints_;
  }

  // The answer to one request on a connection of its own.
  std::string ask(std::string_view request, const char* from = "127.0.0.1") {
    RawClient client{port_, from};
    client.send(request);
    return client.receive();
  }

  // "200", or what came instead of an answer.
  static std::string code(const std::string& answer) {
    return answer.starts_with("HTTP/1.1 ") ? answer.substr(9, 3) : '"' + answer + '"';
  }

  std::optional<WebServer> server_;
  int port_ = 0;

 private:
  std::mutex mutex_;
  std::vector<Hint> hints_;
};

std::string event_body(int id, std::string_view token = kToken) {
  return fmt::format(
      "event=ONCRMDEALUPDATE&event_handler_id=5&data%5BFIELDS%5D%5BID%5D={}&ts=1795244400&"
      "auth%5Bdomain%5D=example.bitrix24.ru&auth%5Bapplication_token%5D={}",
      id, token);
}

std::string post(std::string_view path, std::string_view body, std::string_view fields = {}) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: b24watch\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "{}Content-Length: {}\r\n\r\n{}",
      path, fields, body.size(), body);
}

constexpr std::string_view kClose = "Connection: close\r\n";
constexpr std::string_view kHealth =
    "GET /health HTTP/1.1\r\nHost: b24watch\r\nConnection: close\r\n\r\n";

TEST_F(WebServerTest, TakesAnEvent) {
  start();
  EXPECT_EQ(code(ask(post("/event", event_body(7405), kClose))), "200");
  EXPECT_EQ(code(ask(post("/event/", event_body(7406), kClose))), "200");
  EXPECT_EQ(code(ask(post("/event?from=portal", event_body(7407), kClose))), "200");
  const std::vector<Hint> want = {{Entity::deal, 7405}, {Entity::deal, 7406}, {Entity::deal, 7407}};
  EXPECT_EQ(hints(), want);
  EXPECT_EQ(server_->counters().events, 3u);
  EXPECT_EQ(server_->counters().refused, 0u);
}

TEST_F(WebServerTest, AnswersAStrangerLikeThePortal) {
  start();
  const std::string believed = ask(post("/event", event_body(1), kClose));
  for (const std::string& body :
       {event_body(2, "00000000000000000000000000000000"), event_body(3, ""),
        std::string{"event=ONCRMDEALUPDATE"}, std::string{}}) {
    EXPECT_EQ(ask(post("/event", body, kClose)), believed) << body;
  }
  EXPECT_EQ(hints().size(), 1u);
  EXPECT_EQ(server_->counters().events, 1u);
  EXPECT_EQ(server_->counters().refused, 4u);
  // No event, but his who knows the token.
  EXPECT_EQ(ask(post("/event", fmt::format("auth%5Bapplication_token%5D={}", kToken), kClose)),
            believed);
}

TEST_F(WebServerTest, BelievesNobodyWithoutAToken) {
  WebServer server{{}, [](const Hint&) { return true; }};
  port_ = server.start().value();
  EXPECT_EQ(code(ask(post("/event", event_body(1, ""), kClose))), "200");
  EXPECT_EQ(code(ask(post("/event", event_body(1), kClose))), "200");
  EXPECT_EQ(server.counters().events, 0u);
  EXPECT_EQ(server.counters().refused, 2u);
}

TEST_F(WebServerTest, AnswersEvenWhenThereIsNoRoomForTheHint) {
  WebOptions options;
  options.application_token = Secret{kToken};
  WebServer server{std::move(options), [](const Hint&) { return false; }};
  port_ = server.start().value();
  EXPECT_EQ(code(ask(post("/event", event_body(1), kClose))), "200");
  EXPECT_EQ(server.counters().events, 1u);
}

TEST_F(WebServerTest, ReadsAChunkedEvent) {
  start();
  const std::string body = event_body(7405);
  EXPECT_EQ(code(ask(fmt::format("POST /event HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n{:x}\r\n{}\r\n"
                                 "0\r\n\r\n",
                                 10, body.substr(0, 10), body.size() - 10, body.substr(10)))),
            "200");
  EXPECT_EQ(hints().size(), 1u);
}

TEST_F(WebServerTest, SaysContinueToWhoWaitsForIt) {
  start();
  RawClient client{port_};
  const std::string body = event_body(7405);
  client.send(
      fmt::format("POST /event HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  "Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
                  body.size()));
  EXPECT_EQ(client.receive("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(body);
  EXPECT_EQ(code(client.receive()), "200");
  EXPECT_EQ(hints().size(), 1u);
}

TEST_F(WebServerTest, RefusesWhatIsNotItsBusiness) {
  start();
  struct Case {
    const char* what;
    std::string request;
    const char* code;
  };
  const std::string form = event_body(1);
  const Case cases[] = {
      {"health", std::string{kHealth}, "200"},
      {"health by HEAD", "HEAD /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200"},
      {"health by POST", post("/health", "", kClose), "405"},
      {"event by GET", "GET /event HTTP/1.1\r\nHost: x\r\n\r\n", "405"},
      {"event by PUT", "PUT /event HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "405"},
      {"the root", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
      {"another address", post("/events", form), "404"},
      {"a way around", post("/x/../event", form), "404"},
      {"a whole URL", post("http://x/event", form), "404"},
      {"no form", post("/event", "{\"event\":1}", kClose), "400"},
      {"gzip", post("/event", "\x1f\x8b\x08", "Content-Encoding: gzip\r\n"), "415"},
      {"a range",
       "GET /health HTTP/1.1\r\nHost: x\r\nRange: bytes=0-,0-\r\nConnection: close\r\n\r\n", "200"},
      {"large body, honest", "POST /event HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n",
       "413"},
      {"large chunk",
       "POST /event HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n", "413"},
      {"largest chunk",
       "POST /event HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
       "413"},
      {"negative chunk",
       "POST /event HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nab\r\n", "400"},
      {"length and chunks",
       "POST /event HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n",
       "400"},
      {"two lengths",
       "POST /event HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
       "400"},
      {"negative length", "POST /event HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400"},
      {"no HTTP", "\x16\x03\x01\x02\r\n\r\n", "400"},
      {"raw CR in a field", "GET /health HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", "400"},
      {"another version", "GET /health HTTP/9.9\r\nHost: x\r\n\r\n", "400"},
  };
  for (const Case& c : cases) EXPECT_EQ(code(ask(c.request)), c.code) << c.what;
  EXPECT_TRUE(hints().empty());
}

TEST_F(WebServerTest, NamesTheVerbItWants) {
  start();
  EXPECT_THAT(ask("GET /event HTTP/1.1\r\nHost: x\r\n\r\n"), HasSubstr("\r\nAllow: POST\r\n"));
  EXPECT_THAT(ask("POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
              HasSubstr("\r\nAllow: GET, HEAD\r\n"));
}

TEST_F(WebServerTest, AnswersTheLengthWithoutTheBodyToHead) {
  start();
  const std::string answer = ask("HEAD /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 3\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

// A smuggled request must not be served: two answers would mean that it was.
TEST_F(WebServerTest, ServesNothingAfterADoubtfulRequest) {
  start();
  const std::string health = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const char* head : {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                           "Content-Length: 0\r\nContent-Length: 4\r\n\r\n"}) {
    const std::string answer =
        ask(std::string{"POST /event HTTP/1.1\r\nHost: x\r\n"} + head + health);
    EXPECT_EQ(code(answer), "400");
    EXPECT_EQ(answer.rfind("HTTP/1.1"), 0u) << answer;
  }
}

// The peer may still be writing when we close: it sees our answer or a reset, and soon.
TEST_F(WebServerTest, RefusesAHeaderLineOf20Megabytes) {
  start();
  RawClient client{port_};
  client.send("GET /health HTTP/1.1\r\nHost: x\r\nX: ");
  const std::string part(1 << 20, 'a');
  bool open = true;
  for (int i = 0; i < 20 && open; ++i) open = client.send(part);
  const std::string answer = client.receive();
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_TRUE(answer.empty() || code(answer) == "431") << answer;
  EXPECT_EQ(server_->counters().requests, 0u);
  EXPECT_EQ(code(ask(kHealth)), "200");
}

TEST_F(WebServerTest, Refuses200000Headers) {
  start();
  RawClient client{port_};
  client.send("GET /health HTTP/1.1\r\nHost: x\r\n");
  std::string part;
  for (int i = 0; i < 1000; ++i) part += fmt::format("X-{}: 1\r\n", i);
  bool open = true;
  for (int i = 0; i < 200 && open; ++i) open = client.send(part);
  const std::string answer = client.receive();
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_TRUE(answer.empty() || code(answer) == "431") << answer;
  EXPECT_EQ(server_->counters().requests, 0u);
}

TEST_F(WebServerTest, RefusesAHeadJustAboveTheLimit) {
  start();
  const std::string large = "GET /health HTTP/1.1\r\nHost: x\r\nX: " + std::string(8192, 'a');
  EXPECT_EQ(code(ask(large + "\r\n\r\n")), "431");
  EXPECT_EQ(code(ask(large + "a")), "431");  // without an end
}

TEST_F(WebServerTest, RefusesChunksThatTogetherAreTooLarge) {
  start();
  std::string request = "POST /event HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 33; ++i) request += "800\r\n" + std::string(2048, 'a') + "\r\n";
  EXPECT_EQ(code(ask(request)), "413");
}

TEST_F(WebServerTest, TakesABodyOfExactlyTheLimit) {
  start();
  EXPECT_EQ(code(ask(post("/event", "a=" + std::string(64 * 1024 - 2, 'a'), kClose))), "200");
  EXPECT_EQ(code(ask(post("/event", std::string(64 * 1024 + 1, 'a'), kClose))), "413");
}

TEST_F(WebServerTest, RefusesAnEndlessChunkExtension) {
  start();
  const std::string head = "POST /event HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(code(ask(head + "1;" + std::string(100'000, 'a'))), "431");
}

TEST_F(WebServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  std::string all;
  for (int i = 1; i <= 9; ++i) all += post("/event", event_body(i));
  const std::string answer = ask(all + std::string{kHealth});
  std::size_t count = 0;
  for (std::size_t at = answer.find("HTTP/1.1 200"); at != std::string::npos;
       at = answer.find("HTTP/1.1 200", at + 1)) {
    ++count;
  }
  EXPECT_EQ(count, 10u);
  ASSERT_EQ(hints().size(), 9u);
  EXPECT_EQ(hints().front().id, 1);
  EXPECT_EQ(hints().back().id, 9);
}

TEST_F(WebServerTest, KeepsAConnectionForTheNextRequest) {
  start();
  RawClient client{port_};
  for (int i = 1; i <= 3; ++i) {
    client.send(post("/event", event_body(i)));
    EXPECT_EQ(code(client.receive("ok\n")), "200");
  }
  client.send("GET /health HTTP/1.0\r\n\r\n");  // HTTP/1.0 closes unless asked to stay
  EXPECT_EQ(code(client.receive()), "200");
  EXPECT_TRUE(client.closed_by_peer());
}

// The deadline is of the whole request: a byte now and then does not move it.
TEST_F(WebServerTest, CutsSlowBytes) {
  WebOptions options;
  options.request_deadline = milliseconds{300};
  start(options);
  for (const std::string& start : {std::string{"GET /health HTTP/1.1\r\nX: "},
                                   std::string{"POST /event HTTP/1.1\r\nHost: x\r\n"
                                               "Content-Length: 60000\r\n\r\n"}}) {
    RawClient client{port_};
    client.send(start);
    const auto began = steady_clock::now();
    while (!client.closed_by_peer() && steady_clock::now() - began < seconds{20}) {
      client.send("a");
      client.receive("HTTP", milliseconds{50});
    }
    EXPECT_TRUE(client.closed_by_peer()) << start;
  }
}

TEST_F(WebServerTest, CutsIdleSockets) {
  WebOptions options;
  options.request_deadline = seconds{2};
  start(options);
  RawClient silent{port_};
  RawClient served{port_};
  served.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(code(served.receive("ok\n")), "200");
  for (RawClient* client : {&silent, &served}) {
    EXPECT_EQ(client->receive(), "");
    EXPECT_TRUE(client->closed_by_peer());
  }
}

TEST_F(WebServerTest, ServesANewRequestPast64HalfOpenOnes) {
  WebOptions options;
  options.request_deadline = seconds{60};
  start(options);
  std::vector<RawClient> half;
  for (int i = 0; i < 64; ++i) {
    half.emplace_back(port_).send("POST /event HTTP/1.1\r\nHost: x\r\nContent-Le");
  }
  EXPECT_EQ(code(ask(kHealth, "127.0.0.2")), "200");
  EXPECT_EQ(code(ask(post("/event", event_body(1), kClose), "127.0.0.2")), "200");
}

TEST_F(WebServerTest, LimitsConnectionsOfOneAddress) {
  WebOptions options;
  options.connections_per_address = 2;
  options.request_deadline = seconds{60};
  start(options);
  RawClient first{port_};
  {
    RawClient second{port_};
    first.send(
        "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");  // both are entered when this is answered
    second.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(code(first.receive("ok\n")), "200");
    EXPECT_EQ(code(second.receive("ok\n")), "200");
    EXPECT_EQ(ask(kHealth), "");
    EXPECT_EQ(code(ask(kHealth, "127.0.0.2")), "200");
  }
  // The second has left; the server learns of it soon, and lets another in.
  std::string answer;
  const auto began = steady_clock::now();
  while (answer.empty() && steady_clock::now() - began < seconds{20}) answer = ask(kHealth);
  EXPECT_EQ(code(answer), "200");
}

// Above the limit new ones wait in the kernel's queue and are served when one leaves.
TEST_F(WebServerTest, PausesAtTheLimitOfConnections) {
  WebOptions options;
  options.connections = 2;
  options.request_deadline = seconds{60};
  start(options);
  std::vector<RawClient> half;
  for (int i = 0; i < 2; ++i) {
    half.emplace_back(port_).send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(code(half.back().receive("ok\n")), "200");
  }
  RawClient waiting{port_, "127.0.0.2"};
  waiting.send(kHealth);
  EXPECT_EQ(waiting.receive("ok\n", milliseconds{200}), "");
  half.front().close();
  EXPECT_EQ(code(waiting.receive()), "200");
}

TEST_F(WebServerTest, TakesEventsNoFasterThanAllowed) {
  WebOptions options;
  options.events_per_second = 3;
  start(options);
  std::string all;
  for (int i = 1; i <= 40; ++i) all += post("/event", event_body(i));
  const std::string answer = ask(all + std::string{kHealth});
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 503 Service Unavailable"));
  EXPECT_TRUE(answer.ends_with("ok\n")) << "health is not counted";
  const WebCounters counters = server_->counters();
  EXPECT_EQ(counters.requests, 41u);
  EXPECT_EQ(counters.events + counters.refused, 40u);
  EXPECT_GE(counters.events, 3u);
  EXPECT_EQ(hints().size(), counters.events);
}

TEST_F(WebServerTest, StopsWithOpenConnections) {
  WebOptions options;
  options.request_deadline = hours{1};
  start(options);
  std::vector<RawClient> open;
  for (int i = 0; i < 50; ++i) {
    open.emplace_back(port_).send(i % 2 == 0 ? "" : "POST /event HTTP/1.1\r\nContent-Le");
  }
  EXPECT_EQ(code(ask(kHealth, "127.0.0.2")), "200");
  server_->stop();  // whoever waited for them would wait for an hour
  for (RawClient& client : open) {
    EXPECT_EQ(client.receive(), "");
    EXPECT_TRUE(client.closed_by_peer());
  }
  EXPECT_FALSE(RawClient{port_}.connected());
  server_->stop();
}

TEST_F(WebServerTest, StopsWhileItIsFlooded) {
  start();
  RawClient client{port_};
  std::jthread flood{[&](const std::stop_token& stop) {
    const std::string request = post("/event", event_body(1));
    while (!stop.stop_requested() && client.send(request)) client.receive("ok\n");
  }};
  while (server_->counters().events < 100) std::this_thread::yield();
  server_->stop();
}

TEST_F(WebServerTest, SaysWhyItCannotListen) {
  const int taken = start();
  struct Case {
    const char* host;
    int port;
    const char* reason;
    ErrorKind kind;
  };
  const Case cases[] = {
      {"127.0.0.1", taken, "порт занят другой программой", ErrorKind::unavailable},
      {"192.0.2.1", taken, "у этого сервера нет такого адреса", ErrorKind::unavailable},
      {"офис", 8071, "это не IP-адрес", ErrorKind::invalid_input},
      {"127.0.0.1", 70000, "такого порта нет", ErrorKind::invalid_input},
  };
  for (const Case& c : cases) {
    WebOptions options;
    options.host = c.host;
    options.port = c.port;
    WebServer server{std::move(options), [](const Hint&) { return true; }};
    const Result<int> port = server.start();
    ASSERT_FALSE(port.has_value()) << c.host;
    EXPECT_EQ(port.error().kind, c.kind) << c.host;
    EXPECT_EQ(port.error().text, fmt::format("Не удалось принимать события на {}:{}: {}. Измените "
                                             "http.listen в настройках.",
                                             c.host, c.port, c.reason));
  }
}

TEST_F(WebServerTest, ListensOnIPv6) {
  WebOptions options;
  options.host = "::1";
  WebServer server{options, [](const Hint&) { return true; }};
  const Result<int> port = server.start();
  if (!port) GTEST_SKIP() << "no IPv6 here: " << port.error().text;
  EXPECT_GT(*port, 0);
}

// The address is there for an application alone; what comes is proven elsewhere.
TEST_F(WebServerTest, TakesInstallationsAndEventsOfAnApplication) {
  const std::string install = post("/install", "event=ONAPPINSTALL&data%5BVERSION%5D=1");
  start();
  EXPECT_EQ(code(ask(install)), "404");
  std::vector<std::string> taken;
  std::mutex mutex;
  WebOptions options;
  options.installation = [&](const std::string& body) {
    std::lock_guard lock{mutex};
    taken.push_back(body);
  };
  options.installed_token = [] { return Secret{"of-the-application"}; };
  start(std::move(options));
  EXPECT_EQ(code(ask(install)), "200");
  EXPECT_EQ(code(ask(post("/install", "no form"))), "400");
  EXPECT_EQ(code(ask("GET /install HTTP/1.1\r\nHost: x\r\n\r\n")), "405");
  EXPECT_EQ(taken, std::vector<std::string>{"event=ONAPPINSTALL&data%5BVERSION%5D=1"});

  EXPECT_EQ(code(ask(post("/event", event_body(5, "of-the-application")))), "200");
  EXPECT_EQ(code(ask(post("/event", event_body(6)))), "200");
  EXPECT_EQ(code(ask(post("/event", event_body(7, "of-somebody-else")))), "200");
  EXPECT_EQ(hints(), (std::vector<Hint>{{Entity::deal, 5}, {Entity::deal, 6}}));
  EXPECT_EQ(server_->counters().refused, 1U);
}

}  // namespace
}  // namespace b24
