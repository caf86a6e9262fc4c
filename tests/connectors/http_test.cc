#include "connectors/http.h"

#include <gtest/gtest.h>

#include <sstream>

#include "connectors/secret.h"
#include "tests/connectors/http_server.h"

namespace b24 {
namespace {

using test::Authority;
using test::HttpServer;
using test::Manner;
using test::Reply;
using test::Seen;

HttpServer::Handler always(Reply reply) {
  return [reply](const Seen&) { return reply; };
}

// Made once: keys take time.
Authority& authority() {
  static Authority instance;
  return instance;
}

HttpOptions trusting(const std::string& host = {}) {
  HttpOptions options;
  options.ca_file = authority().ca_file();
  if (!host.empty()) options.addresses[host] = "127.0.0.1";
  return options;
}

TEST(SecretTest, ShowsItselfToNobody) {
  const Secret secret("abcdef");
  EXPECT_EQ(format_as(secret), "***");
  EXPECT_TRUE(secret.equals("abcdef"));
  EXPECT_FALSE(secret.equals("abcdeg"));
  EXPECT_FALSE(secret.equals("abcde"));
  EXPECT_FALSE(secret.equals(""));
  EXPECT_TRUE(Secret().equals(""));
}

TEST(UrlTest, TakesAddressesApart) {
  const struct {
    const char* text;
    bool tls;
    const char* host;
    int port;
    const char* path;
  } cases[] = {
      {"https://foo.bitrix24.ru", true, "foo.bitrix24.ru", 443, "/"},
      {"HTTPS://FOO.bitrix24.ru/rest/1/x/", true, "foo.bitrix24.ru", 443, "/rest/1/x"},
      {"https://foo.ru:8443/a", true, "foo.ru", 8443, "/a"},
      {"http://127.0.0.1:8080/", false, "127.0.0.1", 8080, "/"},
      {"http://127.8.8.8", false, "127.8.8.8", 80, "/"},
      {"http://localhost:1", false, "localhost", 1, "/"},
      {"http://[::1]:8080/x", false, "::1", 8080, "/x"},
  };
  for (const auto& c : cases) {
    const auto url = parse_url(c.text);
    ASSERT_TRUE(url) << c.text;
    EXPECT_EQ(url->tls, c.tls) << c.text;
    EXPECT_EQ(url->host, c.host) << c.text;
    EXPECT_EQ(url->port, c.port) << c.text;
    EXPECT_EQ(url->path, c.path) << c.text;
  }
}

TEST(UrlTest, RefusesWhatIsNoSafeAddress) {
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"", "Адрес должен начинаться с https://."},
      {"ftp://foo.ru", "Адрес должен начинаться с https://."},
      {"foo.bitrix24.ru", "Адрес должен начинаться с https://."},
      {"https://", "В адресе нет имени портала."},
      {"https:///rest", "В адресе нет имени портала."},
      {"https://user@foo.ru/", "В адресе нет имени портала."},
      {"https://портал.рф/rest/1/x/",
       "Имя портала в адресе должно быть латиницей – русское имя запишите в виде xn--…."},
      {"https://[::1/", "В адресе нет имени портала."},
      {"https://foo.ru:x/", "В адресе неверный порт."},
      {"https://foo.ru:99999/", "В адресе неверный порт."},
      {"https://foo.ru:/", "В адресе неверный порт."},
      {"https://foo.ru/a b", "В адресе есть лишние знаки."},
      {"https://foo.ru/a\r\nX: y", "В адресе есть лишние знаки."},
      {"https://foo.ru?x", "В адресе есть лишние знаки."},
      {"http://foo.bitrix24.ru/",
       "Адрес должен начинаться с https:// – без шифрования ключ вебхука виден всем."},
      {"http://127.0.0.1.evil.ru/",
       "Адрес должен начинаться с https:// – без шифрования ключ вебхука виден всем."},
  };
  for (const auto& c : cases) {
    const auto url = parse_url(c.text);
    ASSERT_FALSE(url) << c.text;
    EXPECT_EQ(url.error().text, c.want) << c.text;
    EXPECT_EQ(url.error().kind, ErrorKind::invalid_input);
  }
}

TEST(HttpTest, PostsOverOneVerifiedConnection) {
  HttpServer server(always({"{\"result\":1}"}),
                    authority().issue("portal.test", "DNS:portal.test"));
  HttpConnection connection(server.url("portal.test"), trusting("portal.test"));
  for (int i = 0; i < 3; ++i) {
    const auto answer = connection.post("/rest/1/key/profile", "{}", "application/json");
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "{\"result\":1}");
  }
  const auto seen = server.seen();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[2].connection, 1);
  EXPECT_EQ(seen[0].target, "/rest/1/key/profile");
  EXPECT_EQ(seen[0].accept_encoding, "gzip");
}

TEST(HttpTest, VerifiesAnAddressByTheNamesInTheCertificate) {
  HttpServer server(always({"{}"}), authority().issue("local", "IP:127.0.0.1"));
  HttpConnection connection(server.url(), trusting());
  const auto answer = connection.post("/", "", "application/json");
  EXPECT_TRUE(answer) << answer.error().text;
}

TEST(HttpTest, SaysWhyACertificateIsRefused) {
  const auto expired_on = std::chrono::system_clock::now() - hours{24};
  const std::time_t expired = std::chrono::system_clock::to_time_t(expired_on);
  std::tm parts{};
  gmtime_r(&expired, &parts);
  char date[16];
  std::strftime(date, sizeof date, "%d.%m.%Y", &parts);

  Authority stranger("Own authority");
  const struct {
    test::Certificate certificate;
    std::string want;
  } cases[] = {
      {authority().issue("portal.test", "DNS:portal.test", -86400 * 10, -86400),
       "Сертификат портала portal.test просрочен (истёк " + std::string(date) +
           ") – обновите его на портале или проверьте часы этого компьютера."},
      {stranger.issue("portal.test", "DNS:portal.test"),
       "Сертификат портала portal.test выдан неизвестным центром «Own authority» – если это ваш "
       "центр, укажите файл с его сертификатом в ca_file."},
      {authority().issue("other.test", "DNS:other.test"),
       "Сертификат выдан не порталу portal.test, а «other.test» – проверьте адрес портала."},
      {authority().issue("", "DNS:third.test"),
       "Сертификат выдан не порталу portal.test, а «third.test» – проверьте адрес портала."},
  };
  for (const auto& c : cases) {
    HttpServer server(always({"{}"}), c.certificate);
    HttpConnection connection(server.url("portal.test"), trusting("portal.test"));
    const auto answer = connection.post("/", "", "application/json");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().text, c.want);
    EXPECT_EQ(answer.error().kind, ErrorKind::blocked);
    EXPECT_TRUE(server.seen().empty());
  }
  HttpServer early(always({"{}"}),
                   authority().issue("portal.test", "DNS:portal.test", 86400, 86400 * 2));
  HttpConnection connection(early.url("portal.test"), trusting("portal.test"));
  const auto answer = connection.post("/", "", "application/json");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text.find("Сертификат портала portal.test ещё не действует (начнёт "),
            0U);
}

TEST(HttpTest, RefusesToGoWithoutItsAuthorities) {
  HttpOptions options;
  options.ca_file = "/nowhere/ca.pem";
  HttpConnection connection({true, "portal.test", 443, "/"}, options);
  const auto answer = connection.post("/", "", "application/json");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text,
            "Файл сертификатов /nowhere/ca.pem не читается – проверьте ca_file.");
}

TEST(HttpTest, UnpacksAndBoundsTheAnswer) {
  const std::string text(2'000'000, 'x');
  HttpServer server(always({text, 200, "", Manner::gzip}));
  HttpOptions options;
  HttpConnection roomy(server.url(), options);
  const auto whole = roomy.post("/", "", "application/json");
  ASSERT_TRUE(whole) << whole.error().text;
  EXPECT_EQ(whole->body, text);

  HttpServer spoilt(always({text, 200, "", Manner::gzip_spoilt}));
  HttpConnection trusting_nothing(spoilt.url(), options);
  const auto broken = trusting_nothing.post("/", "", "application/json");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().text,
            "Портал 127.0.0.1 оборвал соединение, не закончив ответ, – повторим позже.");

  options.answer_limit = 1024 * 1024;  // more than what travels, less than what comes out
  HttpConnection narrow(server.url(), options);
  const auto bounded = narrow.post("/", "", "application/json");
  ASSERT_FALSE(bounded);
  EXPECT_EQ(bounded.error().text, "Ответ портала 127.0.0.1 больше 1 МиБ – он не принят.");
  EXPECT_EQ(bounded.error().kind, ErrorKind::unavailable);
}

TEST(HttpTest, ReconnectsWhenTheServerHungUpMeanwhile) {
  for (const bool tls : {false, true}) {
    std::optional<test::Certificate> certificate;
    if (tls) certificate = authority().issue("portal.test", "DNS:portal.test,IP:127.0.0.1");
    HttpServer server(always({"{}", 200, "", Manner::hang_up}), certificate);
    HttpConnection connection(server.url(), trusting());
    for (int i = 0; i < 4; ++i) {
      const auto answer = connection.post("/", "", "application/json");
      ASSERT_TRUE(answer) << "tls " << tls << ", " << i << ": " << answer.error().text;
      ASSERT_TRUE(server.wait_ended(i + 1));
    }
    EXPECT_EQ(server.seen().back().connection, 4);
  }
}

TEST(HttpTest, DoesNotFollowRedirects) {
  HttpServer server(always({"", 302, "https://bar.bitrix24.ru/rest/"}));
  HttpConnection connection(server.url(), {});
  const auto answer = connection.post("/rest", "", "application/json");
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(answer->location, "https://bar.bitrix24.ru/rest/");
  EXPECT_EQ(server.seen().size(), 1U);
}

TEST(HttpTest, EndsAnExchangeThatNeverEnds) {
  for (const Manner manner : {Manner::silence, Manner::drip_head, Manner::drip_body}) {
    HttpServer server(always({"", 200, "", manner}));
    HttpOptions options;
    options.total_timeout = seconds{1};
    HttpConnection connection(server.url(), options);
    const auto answer = connection.post("/", "", "application/json");
    ASSERT_FALSE(answer) << static_cast<int>(manner);
    EXPECT_EQ(answer.error().text, "Портал 127.0.0.1 не ответил за 1 с – повторим позже.");
    EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  }
}

TEST(HttpTest, SurvivesTheEndOfASecureExchange) {
  // TLS still says good-bye on the connection that was shut down: a SIGPIPE, were it not held back.
  HttpServer server(always({"", 200, "", Manner::silence}), authority().issue("x", "IP:127.0.0.1"));
  HttpOptions options = trusting();
  options.total_timeout = seconds{1};
  HttpConnection connection(server.url(), options);
  const auto answer = connection.post("/", "", "application/json");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text, "Портал 127.0.0.1 не ответил за 1 с – повторим позже.");
}

TEST(HttpTest, EndsAnExchangeWithAPeerThatDoesNotRead) {
  // Connected by the kernel, never accepted: the request fills the buffers and stays there until
  // the connection is shut down under the writing thread.
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor deaf(io, {boost::asio::ip::make_address("127.0.0.1"), 0});
  HttpOptions options;
  options.total_timeout = seconds{1};
  HttpConnection connection({false, "127.0.0.1", deaf.local_endpoint().port(), "/"}, options);
  const auto answer = connection.post("/", std::string(30'000'000, 'x'), "application/json");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text, "Портал 127.0.0.1 не ответил за 1 с – повторим позже.");
}

TEST(HttpTest, TellsACutAnswerFromNoConnection) {
  HttpServer server(always({std::string(1000, 'x'), 200, "", Manner::cut}));
  HttpConnection cut(server.url(), {});
  const auto half = cut.post("/", "", "application/json");
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().text,
            "Портал 127.0.0.1 оборвал соединение, не закончив ответ, – повторим позже.");

  int free_port = 0;
  { free_port = HttpServer(always({})).port(); }
  HttpConnection none({false, "127.0.0.1", free_port, "/"}, {});
  const auto nothing = none.post("/", "", "application/json");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().text,
            "Нет связи с порталом 127.0.0.1 – проверьте его адрес и доступ в интернет.");

  HttpConnection plain({true, "127.0.0.1", server.port(), "/"}, trusting());
  const auto no_tls = plain.post("/", "", "application/json");
  ASSERT_FALSE(no_tls);
  EXPECT_EQ(no_tls.error().text,
            "Не удалось установить защищённое соединение с порталом 127.0.0.1 – проверьте его "
            "адрес.");
}

TEST(HttpTest, CancelEndsACallUnderWayAndRefusesFurtherOnes) {
  HttpServer server(always({"", 200, "", Manner::silence}));
  HttpConnection connection(server.url(), {});
  std::jthread canceller([&] {
    while (server.seen().empty()) std::this_thread::sleep_for(milliseconds{1});
    connection.cancel();
  });
  const auto answer = connection.post("/", "", "application/json");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::stopped);
  EXPECT_EQ(answer.error().text, "Запрос к порталу прерван: программа останавливается.");
  EXPECT_EQ(connection.post("/", "", "application/json").error().kind, ErrorKind::stopped);
  EXPECT_EQ(server.seen().size(), 1U);
}

}  // namespace
}  // namespace b24
