#include "tests/portal/portal.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>
#include <utility>

#include "tests/portal/facts.h"
#include "tests/portal/generator.h"
#include "tests/portal/http_call.h"
#include "tests/portal/impl.h"
#include "tests/portal/method.h"

namespace b24::sim {
namespace {

// Posts the queued events one by one; a handler that does not answer has lost its event.
void run_poster(Portal::Impl& impl, const std::stop_token& stop) {
  std::unique_lock lock{impl.mutex};
  for (;;) {
    impl.changed.wait(lock, stop, [&] { return !impl.world.outgoing.empty(); });
    if (stop.stop_requested()) return;
    const Outgoing event = std::move(impl.world.outgoing.front());
    impl.world.outgoing.pop_front();
    impl.posting = true;
    lock.unlock();
    http_call(event.url, event.body, "application/x-www-form-urlencoded");
    lock.lock();
    impl.posting = false;
    impl.changed.notify_all();
  }
}

std::vector<Notification> shown(const World& world, std::optional<Id> user) {
  std::vector<Notification> list;
  for (const Notification& n : world.notifications) {
    if (n.visible && (!user || n.user_id == *user)) list.push_back(n);
  }
  return list;
}

}  // namespace

Portal::Portal(PortalOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
  impl_->world.frozen = impl_->world.options.now;
  generate(impl_->world);
}

Portal::~Portal() { stop(); }

void Portal::start() {
  Impl& impl = *impl_;
  const PortalOptions& options = impl.world.options;
  impl.server = std::make_unique<Server>(
      ServerOptions{options.address, options.port, options.tls_certificate, options.tls_key,
                    options.gzip},
      [this](const HttpRequest& request) {
        if (request.target.starts_with("/control/")) return handle_control(*this, request);
        return impl_->handle(request);
      },
      [this] {
        std::lock_guard lock{impl_->mutex};
        return !impl_->world.faults.outage();
      },
      [this](std::size_t bytes) {
        std::lock_guard lock{impl_->mutex};
        impl_->world.counters.bytes_out += bytes;
      });
  {
    std::lock_guard lock{impl.mutex};
    // A portal that comes back after stop() is found at the same place.
    impl.world.options.port = impl.server->port();
    impl.world.domain = fmt::format("{}:{}", options.address, impl.server->port());
    impl.world.on_outgoing = [&impl] { impl.changed.notify_all(); };
  }
  impl.poster = std::jthread([&impl](const std::stop_token& stop) { run_poster(impl, stop); });
  if (options.live) {
    impl.live = std::jthread([&impl](const std::stop_token& stop) { run_live(impl, stop); });
  }
}

void Portal::stop() {
  impl_->live = {};
  impl_->poster = {};
  impl_->server.reset();
}

HttpReply Portal::Impl::handle(const HttpRequest& request) {
  std::lock_guard lock{mutex};
  if (request.target.starts_with("/rest/")) return handle_rest(world, request);
  if (request.target.starts_with("/oauth/token")) return handle_oauth(world, request);
  HttpReply reply;
  reply.status = 404;
  reply.content_type = "text/html; charset=utf-8";
  reply.body = "<html><body>404 Not Found</body></html>";
  return reply;
}

int Portal::port() const {
  return impl_->server ? impl_->server->port() : impl_->world.options.port;
}

std::string Portal::url() const {
  const PortalOptions& options = impl_->world.options;
  return fmt::format("{}://{}:{}", options.tls_certificate.empty() ? "http" : "https",
                     options.address, port());
}

std::string Portal::webhook() const {
  return fmt::format("{}/rest/{}/{}/", url(), impl_->world.owner, impl_->world.options.secret);
}

Time Portal::now() const {
  std::lock_guard lock{impl_->mutex};
  return from_unix(impl_->world.now());
}

void Portal::set_now(Time now) {
  std::lock_guard lock{impl_->mutex};
  if (impl_->world.frozen) impl_->world.frozen = now;
}

std::vector<Notification> Portal::visible(std::int64_t user_id) const {
  std::lock_guard lock{impl_->mutex};
  return shown(impl_->world, user_id);
}

std::vector<Notification> Portal::visible() const {
  std::lock_guard lock{impl_->mutex};
  return shown(impl_->world, std::nullopt);
}

std::vector<Notification> Portal::notifications() const {
  std::lock_guard lock{impl_->mutex};
  return impl_->world.notifications;
}

std::vector<Message> Portal::messages() const {
  std::lock_guard lock{impl_->mutex};
  return impl_->world.messages;
}

void Portal::clear_inbox() {
  std::lock_guard lock{impl_->mutex};
  impl_->world.notifications.clear();
  impl_->world.messages.clear();
}

Counters Portal::counters() const {
  std::lock_guard lock{impl_->mutex};
  return impl_->world.counters;
}

void Portal::reset_counters() {
  std::lock_guard lock{impl_->mutex};
  impl_->world.counters = {};
}

std::vector<RequestLine> Portal::requests() const {
  std::lock_guard lock{impl_->mutex};
  return {impl_->world.requests.begin(), impl_->world.requests.end()};
}

void Portal::add_fault(Fault fault) {
  std::lock_guard lock{impl_->mutex};
  impl_->world.faults.add(std::move(fault));
}

void Portal::clear_faults() {
  std::lock_guard lock{impl_->mutex};
  impl_->world.faults.clear();
}

std::vector<Fault> Portal::faults() const {
  std::lock_guard lock{impl_->mutex};
  return impl_->world.faults.list();
}

MutationCounts Portal::mutate(int count, std::uint64_t seed) {
  std::lock_guard lock{impl_->mutex};
  return mutate_world(impl_->world, count, seed);
}

void Portal::hide(Entity entity, std::int64_t id) {
  std::lock_guard lock{impl_->mutex};
  impl_->world.hidden.insert({entity, id});
}

void Portal::show(Entity entity, std::int64_t id) {
  std::lock_guard lock{impl_->mutex};
  impl_->world.hidden.erase({entity, id});
}

void Portal::remove(Entity entity, std::int64_t id) {
  std::lock_guard lock{impl_->mutex};
  World& world = impl_->world;
  const auto bound = std::exchange(world.bound, {});
  if (entity == Entity::task) world.delete_task(id);
  if (entity == Entity::activity) world.delete_activity(id);
  if (entity == Entity::payment) world.delete_payment(id, world.owner);
  if (entity == Entity::order_link) world.unbind_order(id);
  for_each_kind([&](auto kind) {
    if (kind.entity == entity) world.delete_card<typename decltype(kind)::Row>(id);
  });
  world.bound = bound;
}

void Portal::back_up() {
  std::lock_guard lock{impl_->mutex};
  World& world = impl_->world;
  world.backup = World::Backup{world.data, world.last_ids, world.task_activities};
}

void Portal::restore() {
  std::lock_guard lock{impl_->mutex};
  World& world = impl_->world;
  const World::Backup& backup = world.backup.value();
  world.data = backup.data;
  world.last_ids = backup.last_ids;
  world.task_activities = backup.task_activities;
}

std::string Portal::rows(Entity entity) const {
  std::lock_guard lock{impl_->mutex};
  return all_rows(impl_->world, entity, std::nullopt);
}

std::string Portal::row(Entity entity, std::int64_t id) const {
  std::lock_guard lock{impl_->mutex};
  return all_rows(impl_->world, entity, id);
}

std::size_t Portal::count(Entity entity) const { return ids(entity).size(); }

std::vector<std::int64_t> Portal::ids(Entity entity) const {
  std::lock_guard lock{impl_->mutex};
  return all_ids(impl_->world, entity);
}

std::string Portal::facts(const SalesScope& scope) const {
  std::lock_guard lock{impl_->mutex};
  return find_facts(impl_->world, scope);
}

std::string Portal::call(std::string_view method, std::string_view params) {
  std::lock_guard lock{impl_->mutex};
  const LimitOptions limits =
      std::exchange(impl_->world.options.limits, LimitOptions{.enabled = false});
  const Faults faults = std::exchange(impl_->world.faults, {});
  const Counters counters = impl_->world.counters;
  impl_->world.oauth.asks = true;  // whoever sets up a test may do all
  const Json given = Json::parse(params);
  const Outcome outcome =
      method == "batch" ? run_batch(impl_->world, given) : run_method(impl_->world, method, given);
  impl_->world.options.limits = limits;
  impl_->world.faults = faults;
  impl_->world.counters = counters;
  std::string out = "{";
  if (outcome.problem) {
    write_problem(out, *outcome.problem);
  } else {
    out += R"("result":)" + outcome.result;
    if (outcome.next) out += R"(,"next":)" + std::to_string(*outcome.next);
    if (outcome.total) out += R"(,"total":)" + std::to_string(*outcome.total);
  }
  return out + '}';
}

void Portal::bind_event(const std::string& event, const std::string& url,
                        const std::string& token) {
  std::lock_guard lock{impl_->mutex};
  std::string upper = event;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  impl_->world.bound.push_back(
      {.event = upper, .url = url, .token = token, .id = impl_->world.new_id()});
}

bool Portal::wait_events(milliseconds timeout) {
  std::unique_lock lock{impl_->mutex};
  return impl_->changed.wait_for(lock, timeout,
                                 [&] { return impl_->world.outgoing.empty() && !impl_->posting; });
}

int Portal::install(const std::string& url) {
  return http_call(url, installation(), "application/x-www-form-urlencoded").status;
}

std::string Portal::installation() {
  std::lock_guard lock{impl_->mutex};
  return installation_body(impl_->world);
}

std::string Portal::authorize() {
  std::lock_guard lock{impl_->mutex};
  return issue_code(impl_->world);
}

void Portal::uninstall() {
  std::lock_guard lock{impl_->mutex};
  impl_->world.oauth.installed = false;
  std::erase_if(impl_->world.bound, [](const BoundEvent& bound) { return bound.by_application; });
}

void Portal::expire_tokens() {
  std::lock_guard lock{impl_->mutex};
  for (auto& [token, until] : impl_->world.oauth.access) until = 0;
}

void Portal::drop_handlers() {
  std::lock_guard lock{impl_->mutex};
  std::erase_if(impl_->world.bound, [](const BoundEvent& bound) { return bound.by_application; });
}

std::vector<std::string> Portal::issued() const {
  std::lock_guard lock{impl_->mutex};
  return impl_->world.oauth.issued;
}

std::uint64_t Portal::renewals() const {
  std::lock_guard lock{impl_->mutex};
  return impl_->world.oauth.renewals;
}

std::size_t Portal::queued() const {
  std::lock_guard lock{impl_->mutex};
  return impl_->world.oauth.queue.size();
}

std::size_t Portal::reserved() const {
  std::lock_guard lock{impl_->mutex};
  const auto& queue = impl_->world.oauth.queue;
  return static_cast<std::size_t>(
      std::count_if(queue.begin(), queue.end(),
                    [](const OfflineRecord& record) { return !record.process_id.empty(); }));
}

void Portal::lose_queue() {
  std::lock_guard lock{impl_->mutex};
  impl_->world.oauth.queue.clear();
}

void Portal::press(std::int64_t user_id, const std::string& command, const std::string& params) {
  std::lock_guard lock{impl_->mutex};
  World& world = impl_->world;
  const std::string slashed = command.starts_with('/') ? command : '/' + command;
  const User* user = world.user(user_id);
  for (const BotCommand& known : world.commands) {
    if (known.command != slashed || user == nullptr) continue;
    for (const Bot& bot : world.bots) {
      if (bot.id != known.bot) continue;
      BotEvent event;
      event.id = world.new_id();
      event.bot = bot.id;
      event.type = "ONIMBOTV2COMMANDADD";
      event.at = world.now();
      event.data = command_event_data(world, bot, known, *user, world.new_id(), params);
      world.bot_events.push_back(std::move(event));
    }
  }
}

}  // namespace b24::sim
