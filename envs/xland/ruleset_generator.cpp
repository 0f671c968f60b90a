// Draws goals, the rules that produce their tiles, and distractors.
#include "envs/xland/ruleset_generator.h"
#include "engine/error.h"
#include "envs/xland/episode_start.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_set>

#include <fmt/format.h>

namespace lockstep::envs::xland {
namespace {

constexpr std::uint32_t kStream = 0x786c6e64;  // no other place draws from it
constexpr int kMostDuplicates = 10000;         // in a row
constexpr int kMostDepth = 4, kMostDistractors = 20;

constexpr GeneratorConfig kSets[] = {
    {.name = "trivial", .chain_depth = 0, .prune = 0, .distractor_rules = 0, .distractor_objects = 3},
    {.name = "small", .chain_depth = 1, .prune = 0.3, .distractor_rules = 2, .distractor_objects = 2},
    {.name = "medium", .chain_depth = 2, .prune = 0.1, .distractor_rules = 3, .distractor_objects = 2},
    {.name = "high", .chain_depth = 3, .prune = 0.1, .distractor_rules = 4, .distractor_objects = 1}};

constexpr Tile kShapes[] = {Tile::kBall, Tile::kSquare, Tile::kPyramid, Tile::kKey, Tile::kStar, Tile::kHex};
constexpr Colour kPalette[] = {Colour::kRed,  Colour::kGreen, Colour::kBlue,  Colour::kPurple, Colour::kYellow,
                               Colour::kGrey, Colour::kWhite, Colour::kBrown, Colour::kPink,   Colour::kOrange};
constexpr int kColoursUsed = static_cast<int>(std::size(kPalette));
constexpr int kObjectTiles = static_cast<int>(std::size(kShapes)) * kColoursUsed;
constexpr int kWithGoal = kObjectTiles + kColoursUsed;  // numbers from kObjectTiles on are goal tiles
constexpr EncodedTile kFloorTile{static_cast<std::uint8_t>(Tile::kFloor), static_cast<std::uint8_t>(Colour::kBlack)};

EncodedTile tile_number(int number) {
  const Tile shape = number >= kObjectTiles ? Tile::kGoal : kShapes[number / kColoursUsed];
  return {static_cast<std::uint8_t>(shape), static_cast<std::uint8_t>(kPalette[number % kColoursUsed])};
}

// The eleven kinds of which goals and rules are drawn: holding a tile; being near one, anywhere or in a direction; two
// tiles near each other, likewise.
constexpr int kKinds = 11;
constexpr std::array<std::uint8_t, kKinds> kGoalIds{1, 3, 11, 12, 13, 14, 4, 7, 8, 9, 10};
constexpr std::array<std::uint8_t, kKinds> kRuleIds{1, 2, 8, 9, 10, 11, 3, 4, 5, 6, 7};

class Generator {
 public:
  Generator(const GeneratorConfig& config, DrawnNumbers<kernels::NativeIsa> draw) : config_(config), draw_(draw) {}

  Ruleset run() {
    std::vector<int> level = draw_goal();
    for (int depth = 0; depth < config_.chain_depth; ++depth) level = produce(level);
    for (const int tile : level) place(tile);
    for (int i = 0; i < config_.distractor_objects; ++i) place(unused(kObjectTiles));
    const int rules = below(config_.distractor_rules + 1);
    for (int i = 0; i < rules; ++i) add_distractor_rule();
    return std::move(ruleset_);
  }

 private:
  int below(int n) { return static_cast<int>(draw_.below(static_cast<std::uint32_t>(n))); }
  bool happens(double share) { return draw_.below(1u << 24) < static_cast<std::uint32_t>(share * (1u << 24)); }
  void place(int tile) { ruleset_.init_tiles.push_back(tile_number(tile)); }
  bool is_used(int tile) const { return std::ranges::find(used_, tile) != used_.end(); }
  // A tile below n that was not used before; it is from now on.
  int unused(int n) {
    int tile = below(n);
    while (is_used(tile)) tile = below(n);
    used_.push_back(tile);
    return tile;
  }

  std::vector<int> draw_goal() {
    const int chosen = below(kKinds);
    const std::uint8_t id = kGoalIds[static_cast<std::size_t>(chosen)];
    std::vector<int> tiles{below(id == 1 ? kObjectTiles : kWithGoal)};
    if (goal_tiles(id) == 2) tiles.push_back(below(kObjectTiles));
    ruleset_.goal = {id};
    for (std::size_t i = 0; i < tiles.size(); ++i) std::ranges::copy(tile_number(tiles[i]), &ruleset_.goal[1 + 2 * i]);
    used_ = tiles;
    return tiles;
  }

  // A rule that makes `product` of inputs that `choose(n)` takes among the first n tiles; returns the inputs.
  template <class Choose>
  std::vector<int> add_rule(EncodedTile product, Choose&& choose) {
    const std::uint8_t id = kRuleIds[static_cast<std::size_t>(below(kKinds))];
    const bool two = rule_inputs(id) == 2;
    std::vector<int> inputs{choose(two ? kWithGoal : kObjectTiles)};
    if (two) inputs.push_back(choose(kObjectTiles));
    EncodedRule rule{id};
    std::size_t at = 1;
    for (const int input : inputs) at = put(rule, at, tile_number(input));
    put(rule, at, product);
    ruleset_.rules.push_back(rule);
    return inputs;
  }
  static std::size_t put(EncodedRule& rule, std::size_t at, EncodedTile tile) {
    rule[at] = tile[0];
    rule[at + 1] = tile[1];
    return at + 2;
  }

  // Rules for the tiles of one level, or the tiles themselves at the start. Returns the next level: the rules' inputs.
  std::vector<int> produce(const std::vector<int>& level) {
    std::vector<int> next;
    for (const int tile : level) {
      if (happens(config_.prune)) {
        place(tile);
        continue;
      }
      for (const int input : add_rule(tile_number(tile), [&](int n) { return unused(n); })) next.push_back(input);
    }
    return next;
  }

  void add_distractor_rule() {
    const int drawn = below(kObjectTiles + 1);
    const EncodedTile product = drawn == kObjectTiles ? kFloorTile : tile_number(unused(kObjectTiles));
    for (const int input : add_rule(product, [&](int n) { return below(n); })) place(input);
  }

  const GeneratorConfig& config_;
  DrawnNumbers<kernels::NativeIsa> draw_;
  Ruleset ruleset_;
  std::vector<int> used_;
};

// Goal, rules and objects as bytes, to tell rulesets apart.
std::string encoding(const Ruleset& ruleset) {
  std::string bytes(ruleset.goal.begin(), ruleset.goal.end());
  for (const EncodedRule& rule : ruleset.rules) bytes.append(rule.begin(), rule.end());
  bytes.push_back('\0');
  for (const EncodedTile& tile : ruleset.init_tiles) bytes.append(tile.begin(), tile.end());
  return bytes;
}

}  // namespace

void GeneratorConfig::check() const {
  const auto in_range = [&](std::string_view key, double value, double low, double high) {
    if (!(value >= low && value <= high)) {
      throw Error(fmt::format("{} = {} is outside [{}, {}]", key, value, low, high), fmt::format("rulesets '{}'", name),
                  fmt::format("set {} in that range", key));
    }
  };
  in_range("chain_depth", chain_depth, 0, kMostDepth);
  in_range("prune", prune, 0, 1);
  in_range("distractor_rules", distractor_rules, 0, kMostDistractors);
  in_range("distractor_objects", distractor_objects, 0, kMostDistractors);
}

std::span<const GeneratorConfig> published_sets() { return kSets; }

const GeneratorConfig& published_set(std::string_view name) {
  std::vector<std::string> names;
  for (const GeneratorConfig& set : kSets) {
    if (set.name == name) return set;
    names.emplace_back(set.name);
  }
  const std::string near = nearest_name(name, names);
  throw Error(fmt::format("there are no rulesets '{}'", name), "rulesets",
              near.empty() ? fmt::format("choose one of: {}", fmt::join(names, ", "))
                           : fmt::format("did you mean '{}'?", near));
}

std::vector<Ruleset> generate_rulesets(const GeneratorConfig& config, int count, std::uint64_t seed) {
  config.check();
  std::vector<Ruleset> rulesets;
  rulesets.reserve(static_cast<std::size_t>(count));
  // Hashes suffice: where two rulesets share one by chance, a fresh one is drawn, which does no harm.
  std::unordered_set<std::size_t> seen;
  for (std::uint32_t number = 0; rulesets.size() < static_cast<std::size_t>(count); ++number) {
    for (std::uint32_t attempt = 0;; ++attempt) {
      if (attempt == kMostDuplicates) {
        throw Error(fmt::format("after {} different rulesets '{}' no more are found", rulesets.size(), config.name),
                    "rulesets", "ask for fewer");
      }
      Ruleset ruleset = Generator(config, {{seed, kStream}, number, attempt}).run();
      if (!seen.insert(std::hash<std::string>{}(encoding(ruleset))).second) continue;
      rulesets.push_back(std::move(ruleset));
      break;
    }
  }
  return rulesets;
}

}  // namespace lockstep::envs::xland
