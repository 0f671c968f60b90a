// Loads models through MuJoCo's compiler, and refuses what compiles but makes no physics.
#include "engine/model.h"
#include "engine/error.h"
#include "engine/mujoco_log.h"
#include "engine/native_support.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <new>
#include <set>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <mujoco/mjxmacro.h>
#include <mujoco/mujoco.h>
#include <spdlog/spdlog.h>

namespace lockstep {
namespace {

// A virtual file system of MuJoCo, freed with its owner.
class Vfs {
 public:
  Vfs() { mj_defaultVFS(&vfs_); }
  ~Vfs() { mj_deleteVFS(&vfs_); }
  Vfs(const Vfs&) = delete;
  Vfs& operator=(const Vfs&) = delete;
  void add(const std::string& name, std::string_view bytes, const std::string& where) {
    if (mj_addBufferVFS(&vfs_, name.c_str(), bytes.data(), static_cast<int>(bytes.size())) != 0) {
      throw Error("two files are called '" + name + "'", where, "give every asset a name of its own");
    }
  }
  [[nodiscard]] const mjVFS* get() const { return &vfs_; }

 private:
  mjVFS vfs_;
};

bool all_finite(const mjtNum* values, long count) {
  return std::all_of(values, values + count, [](mjtNum x) { return std::isfinite(x); });
}

// The compiler lets not-a-number pass with a warning: every array of the model is looked at.
void refuse_nonfinite_numbers(const mjModel& model, const std::string& where) {
  const mjModel* const m = &model;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"  // MuJoCo's macro narrows its own sizes
  MJMODEL_POINTERS_PREAMBLE(m)
#pragma GCC diagnostic pop
  std::string found;  // all arrays that hold one: the compiler spreads it into what it derives
  const auto check = [&](const auto* values, long count, const char* array) {
    if constexpr (std::is_same_v<decltype(values), const mjtNum*>) {
      if (!all_finite(values, count)) found += (found.empty() ? "" : ", ") + std::string(array);
    }
  };
#define X(type, name, rows, columns) check(m->name, static_cast<long>(m->rows) * static_cast<long>(columns), #name);
#define XNV X
  MJMODEL_POINTERS
#undef XNV
#undef X
  if (!found.empty()) {
    throw Error("the model has a number that is not finite, in " + found, where,
                "look for nan or inf in the attributes that fill these arrays");
  }
}

void refuse_negative(const mjtNum* values, long count, const char* what, const std::string& where) {
  for (long i = 0; i < count; ++i) {
    if (values[i] < 0) {
      throw Error(std::string(what) + " = " + std::to_string(values[i]) + " is negative", where,
                  "set it to at least 0");
    }
  }
}

// Options that compile and then step backwards, or not at all.
void refuse_senseless_numbers(const mjModel& m, const std::string& where) {
  if (!(std::isfinite(m.opt.timestep) && m.opt.timestep > 0)) {
    throw Error("timestep = " + std::to_string(m.opt.timestep) + " s is not positive", where,
                "set option timestep to a positive number of seconds");
  }
  if (m.opt.iterations < 0 || m.opt.ls_iterations < 0) {
    throw Error("the solver's iterations = " + std::to_string(std::min(m.opt.iterations, m.opt.ls_iterations)) +
                    " are negative",
                where, "set option iterations and ls_iterations to at least 0");
  }
  if (!all_finite(m.opt.gravity, 3) || !all_finite(m.opt.wind, 3)) {
    throw Error("gravity or wind is not finite", where, "set option gravity and wind to numbers");
  }
  refuse_negative(&m.opt.tolerance, 1, "option tolerance", where);
  refuse_negative(&m.opt.density, 1, "option density", where);
  refuse_negative(&m.opt.viscosity, 1, "option viscosity", where);
  refuse_negative(m.body_mass, m.nbody, "body mass", where);
  refuse_negative(m.body_inertia, 3 * m.nbody, "body inertia", where);
  refuse_negative(m.dof_armature, m.nv, "joint armature", where);
  refuse_negative(m.dof_damping, m.nv, "joint damping", where);
  refuse_negative(m.dof_frictionloss, m.nv, "joint frictionloss", where);
}

constexpr const char* kMendFile = "mend the file: MuJoCo's XML reference lists elements and attributes";

using ErrorText = std::array<char, 2000>;

struct DeleteSpec {
  void operator()(mjSpec* spec) const { mj_deleteSpec(spec); }
};

// What mj_loadXML does, with an edit between reading and compiling.
mjModel* load_edited(const std::string& path, const mjVFS* vfs, const Model::Edit& edit, ErrorText& text) {
  const std::unique_ptr<mjSpec, DeleteSpec> spec(
      mj_parseXML(path.c_str(), vfs, text.data(), static_cast<int>(text.size())));
  if (spec == nullptr) return nullptr;
  edit(*spec);
  mjModel* const model = mj_compile(spec.get(), vfs);
  if (model == nullptr) {
    const std::string_view problem = mjs_getError(spec.get());
    *std::copy_n(problem.begin(), std::min(problem.size(), text.size() - 1), text.begin()) = '\0';
  }
  return model;
}

// A path to read a model from; Error where there is none, or a compiled model.
void refuse_other_files(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    throw Error("there is no model file here", path.string(),
                "check the path; it must name an MJCF (.xml) or URDF file");
  }
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (extension == ".mjb") {
    throw Error("compiled models (MJB) are not read: MuJoCo trusts their contents", path.string(),
                "give the MJCF (.xml) that it was compiled from");
  }
}

// Tasks load their model for every batch of worlds: what is to be said of it is said once.
void warn_once(const std::string& text) {
  static std::mutex mutex;
  static std::set<std::string> said;
  const std::scoped_lock lock(mutex);
  if (said.insert(text).second) spdlog::warn("{}", text);
}

}  // namespace

OwnModel Model::compile(const std::string& path, const void* vfs, const std::string& name, const Edit& edit) {
  take_over_mujoco_log();
  ErrorText text{};
  const MujocoWarnings warnings;
  OwnModel model;
  try {
    const auto* const files = static_cast<const mjVFS*>(vfs);
    model.reset(edit ? load_edited(path, files, edit, text)
                     : mj_loadXML(path.c_str(), files, text.data(), static_cast<int>(text.size())));
  } catch (const Error& error) {
    throw Error(error.problem(), name, kMendFile);
  } catch (const std::bad_alloc&) {
    throw Error("the model needs more memory than there is", name, "make its meshes, fields or replicates smaller");
  } catch (const std::exception& exception) {
    throw Error(std::string("MuJoCo's compiler failed: ") + exception.what(), name, kMendFile);
  }
  if (model == nullptr) {
    std::string message(text.data());
    std::replace(message.begin(), message.end(), '\n', ' ');
    throw Error("MuJoCo cannot compile the model: " + message, name, kMendFile);
  }
  for (const std::string& warning : warnings.messages()) warn_once(fmt::format("{}: {}", name, warning));
  return model;
}

std::shared_ptr<const Model> Model::from_file(const std::filesystem::path& path, const Adjust& adjust) {
  return from_edited_file(path, {}, adjust);
}

std::shared_ptr<const Model> Model::from_edited_file(const std::filesystem::path& path, const Edit& edit,
                                                     const Adjust& adjust) {
  refuse_other_files(path);
  return std::shared_ptr<const Model>(
      new Model(compile(path.string(), nullptr, path.string(), edit), path.string(), adjust));
}

std::shared_ptr<const Model> Model::from_xml(std::string_view xml, std::span<const Asset> assets, const Adjust& adjust,
                                             const std::string& name) {
  Vfs vfs;
  const std::string main = "lockstep_main.xml";
  vfs.add(main, xml, name);
  for (const Asset& asset : assets) vfs.add(asset.name, asset.bytes, name);
  return std::shared_ptr<const Model>(new Model(compile(main, vfs.get(), name), name, adjust));
}

Model::Model(OwnModel model, std::string name, const Adjust& adjust) : mj_(std::move(model)), name_(std::move(name)) {
  if (adjust) adjust(*mj_);
  refuse_nonfinite_numbers(*mj_, name_);
  refuse_senseless_numbers(*mj_, name_);
  missing_ = missing_native_features(*mj_);
  if (!missing_.empty()) return;
  constants_ = std::make_unique<const ConstantSets>(pack_constants(*mj_));
  scratch_size_ = lockstep::scratch_size(constants_->twice.numbers);
}

Model::~Model() = default;

int Model::nq() const { return static_cast<int>(mj_->nq); }
int Model::nv() const { return static_cast<int>(mj_->nv); }
int Model::nu() const { return static_cast<int>(mj_->nu); }
int Model::na() const { return static_cast<int>(mj_->na); }
int Model::nbody() const { return static_cast<int>(mj_->nbody); }
double Model::timestep() const { return mj_->opt.timestep; }
kernels::StateLayout Model::state_layout() const {
  return kernels::StateLayout::of(nq(), nv(), na(), nu(), static_cast<int>(mj_->nmocap));
}

std::vector<std::string> Model::names(int object_type, long count) const {
  std::vector<std::string> list;
  for (int id = 0; id < count; ++id) {
    const char* const text = mj_id2name(mj_.get(), object_type, id);
    list.emplace_back(text == nullptr ? "" : text);
  }
  return list;
}
std::vector<std::string> Model::joint_names() const { return names(mjOBJ_JOINT, mj_->njnt); }
std::vector<std::string> Model::body_names() const { return names(mjOBJ_BODY, mj_->nbody); }
std::vector<std::string> Model::actuator_names() const { return names(mjOBJ_ACTUATOR, mj_->nactuator); }

int Model::index(int object_type, long count, std::string_view wanted, const char* kind) const {
  const int id = mj_name2id(mj_.get(), object_type, std::string(wanted).c_str());
  if (id >= 0) return id;
  const std::string near = nearest_name(wanted, names(object_type, count));
  throw Error("the model has no " + std::string(kind) + " '" + std::string(wanted) + "'", name_,
              near.empty() ? "name one that the model has" : "did you mean '" + near + "'?");
}
int Model::body(std::string_view body_name) const { return index(mjOBJ_BODY, mj_->nbody, body_name, "body"); }
int Model::joint(std::string_view joint_name) const { return index(mjOBJ_JOINT, mj_->njnt, joint_name, "joint"); }
int Model::site(std::string_view site_name) const { return index(mjOBJ_SITE, mj_->nsite, site_name, "site"); }

template <>
const ConstantStorage<float>& Model::storage<float>() const {
  if (constants_ == nullptr) throw std::logic_error("constants of a model that is not native");
  return constants_->single;
}
template <>
const ConstantStorage<double>& Model::storage<double>() const {
  if (constants_ == nullptr) throw std::logic_error("constants of a model that is not native");
  return constants_->twice;
}

}  // namespace lockstep
