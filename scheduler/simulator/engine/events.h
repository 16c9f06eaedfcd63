#pragma once
// What happens next in virtual time. Events of the same instant come in the order in which they
// were put in, so that a run repeats itself bit for bit.

#include <cstdint>
#include <queue>
#include <vector>

namespace motley::simulator {

enum class EventKind : uint8_t { kArrival, kStepDone, kHandOver, kKvReady, kFail, kBack };

struct Event {
  double at_us = 0;
  uint64_t order = 0;
  EventKind kind = EventKind::kArrival;
  int subject = 0;          // a device, cohort, flight or failure, by the kind
  uint64_t generation = 0;  // of the subject: an event of an older one is void
};

class EventQueue {
 public:
  void Put(double at_us, EventKind kind, int subject, uint64_t generation = 0) {
    queue_.push({at_us, ++last_order_, kind, subject, generation});
  }
  bool empty() const { return queue_.empty(); }
  double next_us() const { return queue_.top().at_us; }
  Event Take() {
    const Event event = queue_.top();
    queue_.pop();
    return event;
  }

 private:
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.at_us != b.at_us ? a.at_us > b.at_us : a.order > b.order;
    }
  };
  std::priority_queue<Event, std::vector<Event>, Later> queue_;
  uint64_t last_order_ = 0;
};

}  // namespace motley::simulator
