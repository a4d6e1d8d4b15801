"""What every service builds on: functions and small objects. `shared` is called and never calls."""
