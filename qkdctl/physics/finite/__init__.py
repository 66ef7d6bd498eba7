"""Keys of finite length: what a block of counts proves, and the source that makes the most of one."""
