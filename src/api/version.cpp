namespace rolegate {}
