#pragma once

#include <stop_token>

namespace b24 {

// Stops when either of two tokens does.
class EitherStop {
 public:
  EitherStop(const std::stop_token& a, const std::stop_token& b)
      : a_(a, Forward{source_}), b_(b, Forward{source_}) {}
  std::stop_token token() const { return source_.get_token(); }

 private:
  struct Forward {
    std::stop_source source;
    void operator()() { source.request_stop(); }
  };
  std::stop_source source_;
  std::stop_callback<Forward> a_;
  std::stop_callback<Forward> b_;
};

}  // namespace b24
