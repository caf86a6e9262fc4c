#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/portal/method.h"
#include "tests/portal/text.h"

// imopenlines.session.history.get (portal docs: imopenlines-session-history-get.md): ids are texts
// in the messages and numbers outside; who writes stands in `users`, the client with `connector`.

namespace b24::sim {
namespace {

class History {
 public:
  History(const World& world, const ChatSession& session) : world_(world), session_(session) {}

  std::string text() {
    out_ = fmt::format(
        R"({{"chatId":{0},"canJoin":"Y","canVoteHead":"Y","sessionId":{1},"sessionVoteHead":0,)"
        R"("sessionCommentHead":null,"userId":"chat{0}")",
        session_.chat, session_.id);
    messages();
    users();
    out_ += fmt::format(R"(,"openlines":{{"canvoteashead":{{"{}":true}}}})", session_.line);
    out_ += R"(,"userInGroup":[],"woUserInGroup":[])";
    chat();
    out_ += R"(,"files":[]})";
    return std::move(out_);
  }

 private:
  // The newest first.
  void messages() {
    key(out_, "message");
    out_ += '{';
    std::string ids;
    for (auto m = session_.messages.rbegin(); m != session_.messages.rend(); ++m) {
      message(*m);
      ids += fmt::format(R"({}"{}")", ids.empty() ? "" : ",", m->id);
    }
    out_ += '}';
    out_ += fmt::format(R"(,"usersMessage":{{"chat{}":[{}]}})", session_.chat, ids);
  }

  void message(const ChatMessageRow& m) {
    key(out_, std::to_string(m.id));
    out_ += fmt::format(R"({{"id":"{}","chatid":"{}","senderid":"{}","recipientid":"chat{}")", m.id,
                        session_.chat, m.sender, session_.chat);
    key(out_, "date");
    time_text(out_, m.at, world_.options.offset);
    const char* words = m.sender == 0 ? "Диалог передан сотруднику"
                        : m.sender == session_.client ? "Подскажите, пожалуйста, цену"
                                                      : "Добрый день! Сейчас посмотрю";
    for (const char* name : {"text", "textlegacy"}) {
      key(out_, name);
      quoted(out_, words);
    }
    out_ += m.sender == 0 ? R"(,"params":[]})"
                          : fmt::format(R"(,"params":{{"connectorMid":["{}"]}}}})", m.id + 2);
  }

  void users() {
    std::set<Id> senders;
    for (const ChatMessageRow& m : session_.messages) {
      if (m.sender != 0) senders.insert(m.sender);
    }
    key(out_, "users");
    if (senders.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '{';
    for (const Id id : senders) user(id);
    out_ += '}';
  }

  void user(Id id) {
    const User* employee = world_.user(id);
    const std::string first = employee != nullptr ? employee->first_name : "Гость";
    const std::string last = employee != nullptr ? employee->last_name : "";
    const auto add = [&](const char* name, const std::string& value) {
      key(out_, name);
      quoted(out_, value);
    };
    const auto flag = [&](const char* name, bool on) {
      key(out_, name);
      out_ += on ? "true" : "false";
    };
    key(out_, std::to_string(id));
    out_ += fmt::format(R"({{"id":"{}")", id);
    add("name", last.empty() ? first : first + " " + last);
    flag("active", employee == nullptr || employee->active);
    add("firstName", first);
    add("lastName", last);
    add("workPosition", employee != nullptr ? employee->position : "");
    out_ += R"(,"color":"#4ba984","avatar":"","avatarId":null,"birthday":"","gender":"M",)"
            R"("phoneDevice":false,"phones":false)";
    flag("extranet", id == session_.client);
    flag("network", false);
    flag("bot", id == kChatBot);
    flag("connector", id == session_.client);
    add("profile", fmt::format("/company/personal/user/{}/", id));
    add("externalAuthId", id == session_.client ? "imconnector" : "default");
    out_ += R"(,"status":"online","idle":false)";
    key(out_, "lastActivityDate");
    time_text(out_, world_.now(), world_.options.offset);
    out_ += R"(,"mobileLastDate":false,"desktopLastDate":false,"departments":[],"absent":false,)"
            R"("type":"user","services":null,"botData":null})";
  }

  void chat() {
    const Id chat = session_.chat;
    out_ += fmt::format(
        R"(,"chat":{{"{0}":{{"id":"{0}","parentChatId":0,"parentMessageId":0,"name":"Chat {0}",)"
        R"("owner":"0","color":"#ba9c7b","extranet":false,"avatar":"","call":"0",)"
        R"("callNumber":"","entityType":"LINES","entityId":"livechat|{1}|{0}|{2}",)"
        R"("entityData1":"Y|NONE|0|N|N|{3}|{4}|0|0|0","entityData2":"","entityData3":"",)"
        R"("messageCount":{5},"public":"","muteList":{{"{2}":false}},"managerList":[])",
        chat, session_.line, session_.client, session_.id, session_.messages.front().at,
        session_.messages.size());
    key(out_, "dateCreate");
    time_text(out_, session_.messages.front().at, world_.options.offset);
    out_ +=
        fmt::format(R"(,"type":"lines","entityLink":{{"type":"LINES","url":"",)"
                    R"("id":"livechat|{1}|{0}|{2}"}},"permissions":{{"manageUsersAdd":"member",)"
                    R"("manageUsersDelete":"manager","manageUi":"member","manageSettings":"owner",)"
                    R"("manageMessages":"member","canPost":"member"}},"textFieldEnabled":true,)"
                    R"("backgroundId":null,"messageType":"L","isNew":false}}}})"
                    R"(,"userBlockChat":{{"{0}":{{"{2}":false}}}},"userInChat":{{"{0}":[{2}]}})",
                    chat, session_.line, session_.client);
  }

  const World& world_;
  const ChatSession& session_;
  std::string out_;
};

// By SESSION_ID, or the latest of CHAT_ID.
Outcome session_history(Call& call) {
  const Json& id = param(call.params, "SESSION_ID");
  const Json& chat = param(call.params, "CHAT_ID");
  if (id.is_null() && chat.is_null()) {
    return fail(400, "MISSING_REQUIRED_PARAM", "Session ID or Chat ID must be provided");
  }
  const auto& sessions = call.world.data.sessions;
  const ChatSession* found = id.is_null() ? nullptr : find_row(sessions, to_int(id));
  if (id.is_null()) {
    for (const ChatSession& session : sessions) {
      if (session.chat == to_int(chat)) found = &session;
    }
    if (found == nullptr) {
      return fail(400, "INVALID_SESSION_ID",
                  "Unable to determine session ID from provided parameters");
    }
  }
  if (found == nullptr) {
    return fail(400, "ACCESS_DENIED",
                "You cannot open this conversation because you do not have sufficient rights.");
  }
  return ok(History{call.world, *found}.text());
}

constexpr Method kLineMethods[] = {
    {"imopenlines.session.history.get", "imopenlines", Cost::call, session_history},
};

}  // namespace

std::span<const Method> line_methods() { return kLineMethods; }

}  // namespace b24::sim
