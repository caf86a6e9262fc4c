#include <algorithm>

#include "tests/portal/generator.h"

// Sessions of open lines in the history of deals, leads and contacts. Most are over; some clients
// came back within the hour, into a session of its own in the same chat. Of those that are open,
// two in three wait for an answer.

namespace b24::sim {
namespace {

constexpr Unix kMinute = 60;
constexpr std::int32_t kLines[] = {21, 22};

class ChatMaker {
 public:
  ChatMaker(World& world, Dice& dice)
      : world_(world), dice_(dice), now_(world.now()), sellers_(world.sellers()) {}

  void make() {
    if (sellers_.empty() || (world_.data.deals.empty() && world_.data.leads.empty())) return;
    const std::int64_t count = world_.options.chats;
    const std::int64_t open = std::max<std::int64_t>(std::min<std::int64_t>(count, 3), count / 5);
    std::vector<Unix> starts;
    for (std::int64_t i = open; i < count; ++i) {
      const auto back = days{dice_.roll(1, std::max(1, std::min(world_.options.days, 20)))};
      const LocalDay day = workday_back(local_day(now_, world_.options.offset) - back);
      starts.push_back(work_time(dice_, day, world_.options.offset));
    }
    std::sort(starts.begin(), starts.end());
    for (const Unix start : starts) add_closed(start);
    for (std::int64_t i = 0; i < open; ++i) add_open(static_cast<int>(i % 3));
  }

 private:
  void add_closed(Unix start) {
    const bool returns = came_back_;
    came_back_ = !returns && dice_.chance(25);
    if (returns) {
      const ChatSession& before = world_.data.sessions.back();
      begin(before.messages.back().at + dice_.roll(15, 45) * kMinute, before.chat, before.client);
    } else {
      begin(start, next_chat(), next_client());
    }
    say(session_.client, 5);
    if (dice_.chance(50)) say(0, 1);
    if (dice_.chance(20)) say(kChatBot, 3);
    if (!dice_.chance(8)) {
      talk(dice_.roll(1, 25) * kMinute, dice_.roll(0, 6));
    }
    say(0, dice_.roll(1, 30) * kMinute);
    end(true);
  }

  // 0: nobody has answered, 1: answered, 2: asks again.
  void add_open(int kind) {
    begin(now_ - dice_.roll(60, 120) * kMinute, next_chat(), next_client());
    say(session_.client, 10);
    say(0, 1);
    if (kind != 0) say(manager_, dice_.roll(2, 15) * kMinute);
    if (kind != 1) say(session_.client, dice_.roll(1, 15) * kMinute);
    end(false);
  }

  void talk(Unix until_answer, std::int64_t more) {
    say(manager_, until_answer);
    for (std::int64_t i = 0; i < more; ++i) {
      say(dice_.chance(50) ? session_.client : manager_, dice_.roll(10, 300));
    }
  }

  Id next_chat() { return 1'000 + 3 * ++chats_; }
  Id next_client() { return kFirstClient + chats_; }

  void begin(Unix at, Id chat, Id client) {
    const auto& sessions = world_.data.sessions;
    session_ = {};
    session_.id = sessions.empty() ? 301 : sessions.back().id + 1;
    session_.chat = chat;
    session_.client = client;
    session_.line = dice_.pick(kLines);
    manager_ = dice_.pick(sellers_);
    at_ = at;
    say(0, 0);
  }

  void say(Id sender, Unix later) {
    at_ = std::min(at_ + later, now_ - 1);
    session_.messages.push_back({++world_.data.last_message, at_, sender});
  }

  void end(bool completed) {
    Activity activity;
    set_owner(activity);
    activity.id = (world_.data.activities.empty() ? 0 : world_.data.activities.back().id) + 1;
    activity.provider = Provider::chat;
    activity.line = static_cast<std::int16_t>(session_.line);
    activity.associated = short_id(session_.id);
    activity.subject = activity_subject(dice_, Provider::chat);
    activity.manager = activity.author = activity.editor = short_id(manager_);
    activity.direction = 1;
    activity.incoming_channel = true;
    activity.completed = completed;
    activity.created = activity.start = session_.messages.front().at;
    activity.end = completed ? at_ : activity.start;
    activity.updated = completed ? at_ : activity.created;
    session_.activity = activity.id;
    world_.data.activities.push_back(std::move(activity));
    world_.data.sessions.push_back(std::move(session_));
  }

  void set_owner(Activity& activity) {
    const Data& data = world_.data;
    const auto kind = dice_.roll(0, 9);
    if ((kind < 3 && !data.leads.empty()) || data.deals.empty()) {
      activity.owner_type = kLeadType;
      activity.owner = short_id(dice_.pick(data.leads).id);
      return;
    }
    const Deal& deal = dice_.pick(data.deals);
    if (kind < 6 && deal.contact != 0) {
      activity.owner_type = kContactType;
      activity.owner = deal.contact;
      activity.deal = short_id(deal.id);
    } else {
      activity.owner_type = kDealType;
      activity.owner = short_id(deal.id);
      activity.contact = deal.contact;
    }
  }

  World& world_;
  Dice& dice_;
  const Unix now_;
  const std::vector<Id> sellers_;
  ChatSession session_;
  Id manager_ = 0;
  Unix at_ = 0;
  Id chats_ = 0;
  bool came_back_ = false;
};

}  // namespace

void make_chats(World& world, Dice& dice) { ChatMaker{world, dice}.make(); }

}  // namespace b24::sim
