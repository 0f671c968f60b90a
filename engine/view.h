// Views of arrays that somebody else owns: row-major ones of any rank, and (world, field) ones in blocked layout.
#pragma once

#include <cuda/std/mdspan>

namespace lockstep {

// Row-major view: v(i, j, ...); the last axis is contiguous.
template <class T, int Rank>
using View = cuda::std::mdspan<T, cuda::std::dextents<int, Rank>>;

// The row-major view of `data` with these extents: view(x.data(), worlds, nx).
template <class T, class... Extents>
[[nodiscard]] View<T, sizeof...(Extents)> view(T* data, Extents... extents) {
  return View<T, sizeof...(Extents)>(data, static_cast<int>(extents)...);
}

// Layout of (world, field) arrays in blocks of `lanes` worlds: [block][field][lane].
//   lanes == 1           row-major [world][field], what a learner wants
//   lanes == 8 or 16     what CPU kernels load into one register
//   lanes == num_worlds  [field][world], what a GPU coalesces
// `block_stride` is the distance between two blocks in elements; it exceeds fields * lanes where the view shows a part
// of larger blocks. The last block is padded: memory is there for whole blocks.
struct BlockedLayout {
  template <class Extents>
  class mapping {
   public:
    using extents_type = Extents;
    using index_type = typename Extents::index_type;
    using size_type = typename Extents::size_type;
    using rank_type = typename Extents::rank_type;
    using layout_type = BlockedLayout;
    static_assert(Extents::rank() == 2);

    constexpr mapping() = default;
    constexpr mapping(const Extents& extents, index_type lanes, index_type block_stride)
        : extents_(extents), lanes_(lanes), block_stride_(block_stride) {}

    [[nodiscard]] constexpr const Extents& extents() const noexcept { return extents_; }
    [[nodiscard]] constexpr index_type lanes() const noexcept { return lanes_; }
    [[nodiscard]] constexpr index_type block_stride() const noexcept { return block_stride_; }
    [[nodiscard]] constexpr index_type operator()(index_type world, index_type field) const noexcept {
      return (world / lanes_) * block_stride_ + field * lanes_ + world % lanes_;
    }
    [[nodiscard]] constexpr index_type required_span_size() const noexcept {
      return (extents_.extent(0) + lanes_ - 1) / lanes_ * block_stride_;
    }
    static constexpr bool is_always_unique() noexcept { return true; }
    static constexpr bool is_always_exhaustive() noexcept { return false; }
    static constexpr bool is_always_strided() noexcept { return false; }
    static constexpr bool is_unique() noexcept { return true; }
    static constexpr bool is_exhaustive() noexcept { return false; }
    static constexpr bool is_strided() noexcept { return false; }
    friend constexpr bool operator==(const mapping&, const mapping&) = default;

   private:
    Extents extents_{};
    index_type lanes_ = 1;
    index_type block_stride_ = 0;
  };
};

// v(world, field); callers never compute offsets.
template <class T>
using WorldView = cuda::std::mdspan<T, cuda::std::dextents<long, 2>, BlockedLayout>;

// A WorldView of `worlds` x `fields` at `data`, whose blocks of `lanes` worlds lie `block_stride` elements apart
// (0: exactly fields * lanes).
template <class T>
[[nodiscard]] WorldView<T> world_view(T* data, long worlds, long fields, long lanes = 1, long block_stride = 0) {
  using Extents = cuda::std::dextents<long, 2>;
  return WorldView<T>(data, BlockedLayout::mapping<Extents>(Extents(worlds, fields), lanes,
                                                            block_stride != 0 ? block_stride : fields * lanes));
}

}  // namespace lockstep
