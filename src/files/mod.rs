//! Ordinary files and folders: what is pushed, and where what is pulled goes.
