mod cases;
mod walks;
mod world;
