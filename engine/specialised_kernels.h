// Parts of the step compiled for one model (kernels/pieces.h): traced from the kernels, compiled by the machine's own
// compiler in the background, kept in the user's cache, checked before use.
#pragma once

#include "engine/batch.h"
#include "engine/isa.h"
#include "kernels/pieces.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace lockstep {

class LoadedLibrary;

// The numbers that specialised code gives differ from those of the generic kernels in their last bits (the compiler
// contracts other products), never by more than rounding.
class SpecialisedKernels {
 public:
  // Begins to make them; a model that is not native has none. With `waits`, returns when they are ready.
  // Errors (with `waits` only): MissingResource without a compiler; Error where it fails, where the cache cannot be
  // written, and where what was made does not agree with the kernels. Otherwise report() says what went wrong and the
  // generic kernels go on.
  SpecialisedKernels(std::shared_ptr<const Model> model, Precision precision, Isa isa, int lanes, bool waits);
  ~SpecialisedKernels();
  SpecialisedKernels(const SpecialisedKernels&) = delete;
  SpecialisedKernels& operator=(const SpecialisedKernels&) = delete;

  // What constants point to; its functions may be called once is_ready().
  [[nodiscard]] const kernels::SpecialisedPieces& pieces() const { return pieces_; }
  [[nodiscard]] bool is_ready() const { return state_.load(std::memory_order_acquire) == State::kReady; }
  // "specialised: 24 pieces, from the cache", "specialised code is being compiled", or why there is none.
  [[nodiscard]] std::string report() const;

 private:
  enum class State { kMaking, kReady, kFailed };

  void make(const std::stop_token& stop);
  template <class R>
  void make_in(const std::stop_token& stop);

  std::shared_ptr<const Model> model_;
  Precision precision_;
  Isa isa_;
  int lanes_;
  std::unique_ptr<LoadedLibrary> library_;
  std::vector<kernels::SpecialisedPieces::Function> gather_link_;  // [num_links]
  kernels::SpecialisedPieces pieces_{};
  std::string outcome_;  // written before state_ leaves kMaking
  std::exception_ptr failure_;
  std::atomic<State> state_{State::kMaking};
  std::jthread maker_;  // last: it ends before what it uses is destroyed
};

}  // namespace lockstep
