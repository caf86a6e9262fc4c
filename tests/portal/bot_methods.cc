#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/portal/method.h"
#include "tests/portal/text.h"

// A bot that is read by polling (portal docs: chat-bots-v2/imbot.v2/). Its token stands inside
// `fields` when it is registered and beside them in every other call.

namespace b24::sim {
namespace {

constexpr std::size_t kTokenLimit = 40;
constexpr std::int64_t kEventLimit = 1000;

Bot* known_bot(Call& call) {
  const Id id = to_int(param(call.params, "botId"));
  const std::string token = to_text(param(call.params, "botToken"));
  for (Bot& bot : call.world.bots) {
    if (bot.id == id && bot.token == token) return &bot;
  }
  return nullptr;
}

Outcome no_bot() { return fail(400, "BOT_NOT_FOUND", "Bot not found"); }

void write_bot(std::string& out, const Bot& bot) {
  out += fmt::format(
      R"({{"id":{},"code":{},"type":{},"isHidden":false,"isSupportOpenline":false,)"
      R"("isReactionsEnabled":true,"backgroundId":null,"language":"ru","moduleId":"rest",)"
      R"("eventMode":{},"countMessage":0,"countCommand":0,"countChat":0,"countUser":0}})",
      bot.id, quote(bot.code), quote(bot.type), quote(bot.event_mode));
}

// `words` are the name's parts, position and kind of a person or a bot.
std::string im_person(const World& world, Id id, const std::string& first, const std::string& last,
                      const std::string& position, bool is_bot) {
  std::string active;
  time_text(active, world.now(), world.options.offset);
  return fmt::format(
      R"({{"id":{},"active":true,"name":{},"firstName":{},"lastName":{},"workPosition":{},)"
      R"("color":"#df532d","avatar":"","gender":"M","birthday":"","extranet":false,"bot":{},)"
      R"("connector":false,"externalAuthId":"{}","status":"online","idle":false,)"
      R"("lastActivityDate":{},"absent":false,"departments":[1],"phones":false,"type":"{}"}})",
      id, quote(last.empty() ? first : first + " " + last), quote(first), quote(last),
      quote(position), is_bot, is_bot ? "bot" : "default", active, is_bot ? "bot" : "employee");
}

Outcome revision(Call&) { return ok(R"({"rest":33,"web":130,"mobile":23,"desktop":6})"); }

Outcome describe(const World& world, const Bot& bot) {
  std::string out = R"({"bot":)";
  write_bot(out, bot);
  out += R"(,"users":[)" + im_person(world, bot.id, bot.name, "", bot.position, true) + "]}";
  return ok(out);
}

// Idempotent by code: registering again changes nothing.
Outcome bot_register(Call& call) {
  const Json& fields = param(call.params, "fields");
  const Json& properties = param(fields, "properties");
  Bot bot;
  bot.code = to_text(param(fields, "code"));
  bot.token = to_text(param(fields, "botToken"));
  bot.name = to_text(param(properties, "name"));
  bot.position = to_text(param(properties, "workPosition"));
  bot.type = to_text(param(fields, "type"));
  bot.event_mode = to_text(param(fields, "eventMode"));
  if (bot.type.empty()) bot.type = "bot";
  if (bot.event_mode.empty()) bot.event_mode = "fetch";
  if (bot.code.empty()) return fail(400, "BOT_CODE_REQUIRED", "Bot code is required");
  if (bot.token.empty() || bot.token.size() > kTokenLimit) {
    return fail(400, "BOT_TOKEN_REQUIRED", "Bot token is required");
  }
  if (bot.name.empty()) return fail(400, "BOT_NAME_REQUIRED", "Bot name is required");
  for (const Bot& known : call.world.bots) {
    if (known.code == bot.code) return describe(call.world, known);
  }
  bot.id = call.world.new_id();
  call.world.bots.push_back(bot);
  return describe(call.world, bot);
}

Outcome command_register(Call& call) {
  const Bot* bot = known_bot(call);
  if (bot == nullptr) return no_bot();
  const Json& fields = param(call.params, "fields");
  BotCommand command;
  command.bot = bot->id;
  command.command = to_text(param(fields, "command"));
  command.common = to_flag(param(fields, "common"));
  command.hidden = to_flag(param(fields, "hidden"));
  if (command.command.empty()) return fail(400, "COMMAND_REQUIRED", "Command is required");
  if (!command.hidden && param(fields, "title").empty()) {
    return fail(400, "TITLE_REQUIRED", "Title is required");
  }
  if (command.command.front() != '/') command.command.insert(0, "/");
  command.id = call.world.new_id();
  call.world.commands.push_back(command);
  return ok(fmt::format(R"({{"command":{{"id":{},"botId":{},"command":{},"common":{},"hidden":{},)"
                        R"("extranetSupport":false}}}})",
                        command.id, command.bot, quote(command.command), command.common,
                        command.hidden));
}

Outcome message_send(Call& call) {
  if (known_bot(call) == nullptr) return no_bot();
  const std::string dialog = to_text(param(call.params, "dialogId"));
  const Json& fields = param(call.params, "fields");
  const std::string text = to_text(param(fields, "message"));
  if (dialog.empty()) return fail(400, "DIALOG_ID_EMPTY", "Dialog ID is empty");
  if (text.empty() && param(fields, "attach").is_null()) {
    return fail(400, "EMPTY_MESSAGE", "Message is empty");
  }
  const Id id = call.world.new_id();
  call.world.messages.push_back({id, "bot_message", dialog, text, from_unix(call.world.now()), 0});
  return ok(fmt::format(R"({{"id":{},"uuidMap":{{}}}})", id));
}

Outcome message_update(Call& call) {
  if (known_bot(call) == nullptr) return no_bot();
  const Id id = to_int(param(call.params, "messageId"));
  for (Message& message : call.world.messages) {
    if (message.id != id || message.kind != "bot_message") continue;
    message.text = to_text(param(param(call.params, "fields"), "message"));
    ++message.edits;
    return ok(R"({"result":true})");
  }
  return fail(400, "ACCESS_DENIED", "Access denied");
}

// `offset` confirms everything below it.
Outcome event_get(Call& call) {
  const Bot* bot = known_bot(call);
  if (bot == nullptr) return no_bot();
  const Id offset = to_int(param(call.params, "offset"));
  const Json& asked = param(call.params, "limit");
  const std::int64_t limit = asked.is_null() ? 100 : std::min(to_int(asked), kEventLimit);
  auto& queue = call.world.bot_events;
  std::erase_if(queue, [&](const BotEvent& e) { return e.bot == bot->id && e.id < offset; });
  std::string events;
  Id next = offset;
  std::int64_t count = 0;
  bool more = false;
  for (const BotEvent& event : queue) {
    if (event.bot != bot->id) continue;
    if (count == limit) {
      more = true;
      break;
    }
    ++count;
    std::string at;
    time_text(at, event.at, call.world.options.offset);
    comma(events);
    events += fmt::format(R"({{"eventId":{},"type":"{}","date":{},"data":{}}})", event.id,
                          event.type, at, event.data);
    next = event.id + 1;
  }
  return ok(fmt::format(R"({{"events":[{}],"nextOffset":{},"hasMore":{}}})", events, next, more));
}

Outcome command_answer(Call& call) {
  if (known_bot(call) == nullptr) return no_bot();
  const Id command = to_int(param(call.params, "commandId"));
  const bool known = std::any_of(call.world.commands.begin(), call.world.commands.end(),
                                 [&](const BotCommand& c) { return c.id == command; });
  if (!known) return fail(400, "COMMAND_ANSWER_FAILED", "Command answer failed");
  call.world.messages.push_back(
      {call.world.new_id(), "command_answer", to_text(param(call.params, "dialogId")),
       to_text(param(param(call.params, "fields"), "message")), from_unix(call.world.now()), 0});
  return ok(R"({"result":true})");
}

constexpr Method kBotMethods[] = {
    {"imbot.v2.Revision.get", "imbot", Cost::call, revision},
    {"imbot.v2.Bot.register", "imbot", Cost::call, bot_register},
    {"imbot.v2.Command.register", "imbot", Cost::call, command_register},
    {"imbot.v2.Chat.Message.send", "imbot", Cost::call, message_send},
    {"imbot.v2.Chat.Message.update", "imbot", Cost::call, message_update},
    {"imbot.v2.Event.get", "imbot", Cost::call, event_get},
    {"imbot.v2.Command.answer", "imbot", Cost::call, command_answer},
};

}  // namespace

std::string command_event_data(const World& world, const Bot& bot, const BotCommand& command,
                               const User& user, Id message, const std::string& params) {
  std::string bot_text;
  write_bot(bot_text, bot);
  std::string at;
  time_text(at, world.now(), world.options.offset);
  return fmt::format(
      R"({{"bot":{},"command":{{"id":{},"command":{},"params":{},"context":"keyboard"}},)"
      R"("message":{{"id":{},"chatId":5,"authorId":{},"date":{},"text":{},"isSystem":false,)"
      R"("uuid":"","forward":null,"params":{{}},"viewedByOthers":false}},)"
      R"("chat":{{"id":5,"dialogId":"{}","type":"private","name":"","entityType":"","owner":{},)"
      R"("avatar":"","color":"#ab7761"}},"user":{},"language":"ru"}})",
      bot_text, command.id, quote(command.command), quote(params), message, user.id, at,
      quote(command.command + " " + params), user.id, bot.id,
      im_person(world, user.id, user.first_name, user.last_name, user.position, false));
}

std::span<const Method> bot_methods() { return kBotMethods; }

}  // namespace b24::sim
