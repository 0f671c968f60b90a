// Trace, compile, load, check; then the batch that asked for it finds it ready.
#include "engine/specialised_kernels.h"
#include "engine/compiled_source.h"
#include "engine/error.h"
#include "engine/model.h"
#include "engine/piece_check.h"
#include "engine/piece_source.h"
#include "engine/user_cache.h"

#include <exception>
#include <utility>

#include <fmt/format.h>
#include <mujoco/mujoco.h>
#include <spdlog/spdlog.h>

namespace lockstep {
namespace {

// What rounding may do on random states, some of which have matrices of large condition. A wrong library is off by
// the size of the numbers.
template <class R>
constexpr double kTolerance = sizeof(R) == 4 ? 1e-2 : 1e-8;

}  // namespace

SpecialisedKernels::SpecialisedKernels(std::shared_ptr<const Model> model, Precision precision, Isa isa, int lanes,
                                       bool waits)
    : model_(std::move(model)), precision_(precision), isa_(isa), lanes_(lanes) {
  if (waits) {
    make({});
    if (failure_) std::rethrow_exception(failure_);
    return;
  }
  maker_ = std::jthread([this](const std::stop_token& stop) {
    make(stop);
    if (failure_) spdlog::warn("{}", outcome_);
  });
}

SpecialisedKernels::~SpecialisedKernels() = default;

void SpecialisedKernels::make(const std::stop_token& stop) {
  try {
    if (precision_ == Precision::kFloat) {
      make_in<float>(stop);
    } else {
      make_in<double>(stop);
    }
  } catch (const std::exception& error) {
    failure_ = std::current_exception();
    const auto* known = dynamic_cast<const Error*>(&error);
    outcome_ = fmt::format("generic kernels, not specialised: {}",
                           known == nullptr ? error.what() : known->where() + ": " + known->problem());
    state_.store(State::kFailed, std::memory_order_release);
  }
}

template <class R>
void SpecialisedKernels::make_in(const std::stop_token& stop) {
  const kernels::ModelConstants<R>& constants = model_->constants<R>();
  TracedPieces<R> traced;
  trace_pieces(constants, traced);
  std::optional<CompiledSource> compiled =
      compile_source(piece_source(traced, lanes_), isa_, user_cache() / "specialised", stop);
  if (!compiled) return;  // stopped: nobody will ask
  library_ = std::move(compiled->library);
  gather_link_.assign(static_cast<std::size_t>(constants.num_links), nullptr);
  for (const TracedPiece& piece : traced.pieces) {
    const std::string name = "lockstep_" + piece_name(piece.piece, piece.link);
    void* const address = library_->find(name);
    if (address == nullptr) {
      throw Error("has no function " + name, model_->name(), "delete the folder specialised of the cache");
    }
    const auto function = reinterpret_cast<kernels::SpecialisedPieces::Function>(address);
    if (piece.link < 0) {
      pieces_.of[piece.piece] = function;
    } else {
      gather_link_[static_cast<std::size_t>(piece.link)] = function;
    }
  }
  pieces_.gather_link = gather_link_.data();
  const double deviation = largest_deviation(constants, traced, pieces_, model_->mj()->qpos0, lanes_);
  if (deviation > kTolerance<R>) {
    throw Error(fmt::format("specialised code deviates from the kernels by {:.1e} of the numbers", deviation),
                model_->name(), "use --specialise off, and report the compiler's version");
  }
  outcome_ = fmt::format("specialised: {} pieces, {}", traced.pieces.size(),
                         compiled->was_cached ? "from the cache" : "compiled now");
  state_.store(State::kReady, std::memory_order_release);
}

std::string SpecialisedKernels::report() const {
  return state_.load(std::memory_order_acquire) == State::kMaking ? "specialised code is being compiled" : outcome_;
}

}  // namespace lockstep
