#include "cluster/move/core/founding_core.hpp"

#include <algorithm>
#include <optional>

namespace millrace::moves {
namespace {

using Reason = Wait::Reason;

void add_name(std::string& names, const std::string& name) {
  names += (names.empty() ? "" : ", ") + name;
}

bool is_heard(const PeerWord& word, const FoundingView& view) {
  return word.layout == view.layout && word.seen_round == view.round;
}

const pb::Ownership* told_by(const PeerWord& word, const Shard& shard) {
  const auto found = word.shards.find({shard.record.role(), shard.record.shard()});
  return found == word.shards.end() ? nullptr : &found->second;
}

// Whether the node that this one promised the shard to has not founded it, and cannot any more.
bool is_released(const Shard& shard, const FoundingView& view) {
  const std::string& founder = shard.record.ownership().owner();
  if (founder.empty() || founder == shard.self) return true;
  if (!view.others.contains(founder)) return view.given_up.contains(founder);
  const auto word = view.words.find(founder);
  if (word == view.words.end() || !is_heard(word->second, view)) return false;
  const pb::Ownership* const told = told_by(word->second, shard);
  return told != nullptr && told->epoch() == 0;
}

// What is missing until every other node was heard under the layout of this one.
Wait missing_words(const FoundingView& view) {
  Wait peers{Reason::peers, {}};
  Wait layouts{Reason::layouts, {}};
  for (const std::string& other : view.others) {
    const auto word = view.words.find(other);
    if (word == view.words.end() || word->second.layout == 0) {
      add_name(peers.nodes, other);
    } else if (word->second.layout != view.layout) {
      add_name(layouts.nodes, other);
    } else if (!is_heard(word->second, view)) {
      add_name(peers.nodes, other);
    }
  }
  if (!layouts.nodes.empty()) return layouts;
  if (!peers.nodes.empty()) return peers;
  return {};
}

Judgement own(Shard& shard, const std::string& owner, std::uint64_t epoch) {
  shard.writing = shard.record;
  shard.writing->mutable_ownership()->set_owner(owner);
  shard.writing->mutable_ownership()->set_epoch(epoch);
  shard.writing->clear_offered();
  return {{Write{*shard.writing}}, {}};
}

// Founds a shard that had an owner, as an operator has decided: above all epochs that are known.
Judgement found_anew(Shard& shard, std::uint64_t epoch, const FoundingView& view) {
  if (Wait missing = missing_words(view); missing.reason != Reason::none) return {{}, missing};
  return own(shard, shard.self, epoch + 1);
}

// The highest epoch in which others remember this node as the owner, above its own record.
std::optional<std::pair<std::uint64_t, std::string>> remembered(const Shard& shard,
                                                                const FoundingView& view) {
  std::optional<std::pair<std::uint64_t, std::string>> found;
  for (const auto& [name, word] : view.words) {
    const pb::Ownership* const told = told_by(word, shard);
    if (told == nullptr || told->owner() != shard.self) continue;
    if (told->epoch() <= shard.record.ownership().epoch()) continue;
    if (!found || told->epoch() > found->first) found.emplace(told->epoch(), name);
  }
  return found;
}

Wait dispute(const Shard& shard, const FoundingView& view) {
  for (const auto& [name, word] : view.words) {
    const pb::Ownership* const told = told_by(word, shard);
    if (told != nullptr && told->owner() == name &&
        told->epoch() == shard.record.ownership().epoch()) {
      return {Reason::disputed, name};
    }
  }
  return {};
}

Judgement promise(Shard& shard, const std::string& home, const FoundingView& view) {
  const auto word = view.words.find(home);
  const bool asks = word != view.words.end() && word->second.layout == view.layout;
  if (!asks || shard.record.ownership().owner() == home || !is_released(shard, view)) return {};
  return own(shard, home, 0);
}

Judgement found(Shard& shard, const FoundingView& view) {
  if (!is_released(shard, view)) {
    const std::string& founder = shard.record.ownership().owner();
    return {{}, {view.others.contains(founder) ? Reason::peers : Reason::removed, founder}};
  }
  if (Wait missing = missing_words(view); missing.reason != Reason::none) return {{}, missing};
  Wait unpromised{Reason::peers, {}};
  for (const std::string& other : view.others) {
    const pb::Ownership* const told = told_by(view.words.at(other), shard);
    if (told == nullptr || told->owner() != shard.self || told->epoch() != 0) {
      add_name(unpromised.nodes, other);
    }
  }
  if (!unpromised.nodes.empty()) return {{}, unpromised};
  return own(shard, shard.self, 1);
}

}  // namespace

Judgement judge(Shard& shard, const std::string& home, const FoundingView& view) {
  if (shard.writing) return {};  // judged again when it is durable
  if (owns(shard)) return {{}, dispute(shard, view)};
  if (const auto claim = remembered(shard, view)) {
    if (!view.accepts_loss) return {{}, {Reason::lost, claim->second}};
    return found_anew(shard, claim->first, view);
  }
  const pb::Ownership& known = shard.record.ownership();
  if (known.epoch() == 0) {
    if (home == shard.self) return found(shard, view);
    return home.empty() ? Judgement{} : promise(shard, home, view);
  }
  if (home != shard.self || view.others.contains(known.owner())) return {};
  const bool is_given_up =
      known.owner().empty() ? view.accepts_loss : view.given_up.contains(known.owner());
  if (!is_given_up) return {{}, {Reason::removed, known.owner()}};
  return found_anew(shard, known.epoch(), view);
}

const pb::Ownership& told_ownership(const Shard& shard) {
  // A promise holds only when it is durable; a founding may be durable at any moment.
  if (shard.writing && shard.writing->ownership().epoch() > 0) return shard.writing->ownership();
  return shard.record.ownership();
}

bool is_newer(const pb::Ownership& told, const pb::Ownership& known) {
  if (told.epoch() != known.epoch()) return told.epoch() > known.epoch();
  return told.epoch() > 0 && known.owner().empty() && !told.owner().empty();
}

}  // namespace millrace::moves
