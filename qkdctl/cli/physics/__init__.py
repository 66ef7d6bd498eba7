"""The verb group `qkdctl physics`: what a link could give at best, in numbers and in curves. No daemon, no device."""
