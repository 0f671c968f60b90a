// Model: one MuJoCo model, compiled by MuJoCo itself, checked, and with the constants that native kernels read.
#pragma once

#include "engine/model_constants.h"
#include "engine/model_copy.h"
#include "kernels/state_layout.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct mjModel_;
struct mjSpec_;

namespace lockstep {

// Immutable once made; shared by everything that steps or draws it.
class Model {
 public:
  // Changes to the compiled model before it is checked and frozen: options, flags, numbers (no sizes).
  using Adjust = std::function<void(mjModel_&)>;
  // Changes to what was read, before MuJoCo compiles it: elements added, attributes set.
  using Edit = std::function<void(mjSpec_&)>;
  // A file that the MJCF text refers to by name (an include, a mesh, a texture), held in memory.
  struct Asset {
    std::string name;
    std::string bytes;
  };

  // Reads MJCF or URDF. Error for a file that is missing, broken, compiled (MJB), or whose numbers make no physics.
  static std::shared_ptr<const Model> from_file(const std::filesystem::path& path, const Adjust& adjust = {});
  // The same, edited first.
  static std::shared_ptr<const Model> from_edited_file(const std::filesystem::path& path, const Edit& edit,
                                                       const Adjust& adjust = {});
  // Reads MJCF from text; `name` stands for the file in error messages.
  static std::shared_ptr<const Model> from_xml(std::string_view xml, std::span<const Asset> assets = {},
                                               const Adjust& adjust = {}, const std::string& name = "MJCF text");
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  [[nodiscard]] const mjModel_* mj() const { return mj_.get(); }
  [[nodiscard]] const std::string& name() const { return name_; }  // of the file, or given to from_xml

  [[nodiscard]] int nq() const;
  [[nodiscard]] int nv() const;
  [[nodiscard]] int nu() const;
  [[nodiscard]] int na() const;
  [[nodiscard]] int nbody() const;
  [[nodiscard]] double timestep() const;  // s
  [[nodiscard]] kernels::StateLayout state_layout() const;

  [[nodiscard]] std::vector<std::string> joint_names() const;     // [njnt], "" where unnamed
  [[nodiscard]] std::vector<std::string> body_names() const;      // [nbody]
  [[nodiscard]] std::vector<std::string> actuator_names() const;  // [nactuator]
  // Index by name; throws Error, with the nearest name, where there is none.
  [[nodiscard]] int body(std::string_view body_name) const;
  [[nodiscard]] int joint(std::string_view joint_name) const;
  [[nodiscard]] int site(std::string_view site_name) const;

  // Features that the native kernels lack; empty where they can step this model.
  [[nodiscard]] const std::vector<std::string>& native_support() const { return missing_; }
  [[nodiscard]] bool is_native() const { return missing_.empty(); }
  // Constants for kernels, R = float or double; std::logic_error where the model is not native.
  template <class R>
  [[nodiscard]] const kernels::ModelConstants<R>& constants() const {
    return storage<R>().numbers;
  }
  template <class R>
  [[nodiscard]] const ConstantStorage<R>& storage() const;
  // Scratch of one step, in numbers of type T for each lane group (or GPU team).
  [[nodiscard]] long scratch_size() const { return scratch_size_; }

 private:
  Model(OwnModel model, std::string name, const Adjust& adjust);
  static OwnModel compile(const std::string& path, const void* vfs, const std::string& name, const Edit& edit = {});
  [[nodiscard]] std::vector<std::string> names(int object_type, long count) const;
  [[nodiscard]] int index(int object_type, long count, std::string_view wanted, const char* kind) const;

  OwnModel mj_;
  std::string name_;
  std::vector<std::string> missing_;
  std::unique_ptr<const ConstantSets> constants_;  // null where not native
  long scratch_size_ = 0;
};

template <>
const ConstantStorage<float>& Model::storage<float>() const;
template <>
const ConstantStorage<double>& Model::storage<double>() const;

}  // namespace lockstep
