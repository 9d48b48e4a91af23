"""Names declared by the headers that cmake/MillracePrecompile.cmake precompiles.

A compiler finds these names in each source, even without the include; the rule `included` does not.
"""

# By header: the names in std that it declares. Leaves out names that many headers declare, for
# example std::move and std::pair.
STD = {
    "algorithm": "all_of any_of none_of binary_search copy_if count_if equal_range find_if "
    "for_each generate is_sorted lower_bound max_element min_element minmax_element nth_element "
    "partial_sort partition remove_if replace_if rotate shuffle sort stable_sort stable_partition "
    "transform upper_bound",
    "array": "array to_array",
    "atomic": "atomic atomic_bool atomic_flag atomic_int atomic_uint64_t memory_order",
    "bit": "bit_cast bit_ceil bit_floor bit_width countl_zero countr_zero endian has_single_bit "
    "popcount",
    "charconv": "from_chars to_chars",
    "chrono": "chrono",
    "condition_variable": "condition_variable condition_variable_any cv_status",
    "deque": "deque",
    "filesystem": "filesystem",
    "fstream": "fstream ifstream ofstream",
    "functional": "bind bind_front function invoke hash greater less ref cref plus reference_wrapper",
    "iostream": "cerr cin cout",
    "map": "map multimap",
    "memory": "enable_shared_from_this make_shared make_unique shared_ptr unique_ptr weak_ptr",
    "mutex": "call_once lock_guard mutex once_flag recursive_mutex scoped_lock unique_lock",
    "numeric": "accumulate gcd iota midpoint partial_sum reduce",
    "optional": "nullopt optional",
    "random": "bernoulli_distribution discrete_distribution exponential_distribution "
    "geometric_distribution mt19937 mt19937_64 normal_distribution random_device "
    "uniform_int_distribution uniform_real_distribution",
    "set": "multiset set",
    "span": "as_bytes as_writable_bytes span",
    "sstream": "istringstream ostringstream stringstream",
    "string": "getline stod stoi stol stoul stoull string to_string",
    "string_view": "string_view",
    "thread": "jthread this_thread thread",
    "unordered_map": "unordered_map unordered_multimap",
    "variant": "get_if holds_alternative monostate variant visit",
    "vector": "vector",
}
# By prefix of a name: the folders of headers that declare such names; one of them must be included.
OTHERS = {
    "ASSERT_": ("gmock/", "gtest/"),
    "EXPECT_": ("gmock/", "gtest/"),
    "absl::": "absl/",
    "caf::": "caf/",
    "google::protobuf::": "google/protobuf/",
    "CLI::": "CLI/",
    "nlohmann::": "nlohmann/",
}
# By header: further headers of STD whose names it declares.
ALSO = {
    "condition_variable": ("chrono", "mutex"),
    "mutex": ("chrono",),
    "string": ("string_view",),
    "thread": ("chrono",),
}
HEADER_OF = {name: header for header, names in STD.items() for name in names.split()}
